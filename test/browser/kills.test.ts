/** A browser that is killed at any instant, and started again with the same profile. */
import { expect, it } from 'vitest';
import { describeInChromium } from '../support/chromium.ts';
import { randomNumbers } from '../support/random.ts';
import type { On } from './page/main.ts';
import { valueOf } from './result.ts';

describeInChromium('a killed browser', (browser) => {
  it('has every note that was acknowledged, once, after each of ten kills', { timeout: 180_000 }, async () => {
    const on: On = { database: 'kills' };
    /** Told from outside, as whoever was given a receipt remembers it. */
    const acknowledged: number[] = [];
    for (let kills = 0; ; kills++) {
      const tab = await browser.tab();
      await tab.exposeFunction('acknowledge', (n: number) => void acknowledged.push(n));
      const notes = valueOf(await tab.evaluate((on) => window.page.hold(on, 'r', 30_000), on));
      expect(notes.map(Number)).toEqual(notes.map((_, n) => n));
      expect(acknowledged).toEqual(notes.slice(0, acknowledged.length).map(Number));
      if (kills === 10) break;
      const seen = acknowledged.length;
      await tab.evaluate((from) => void window.page.addForEver('r', from), notes.length);
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(seen + 5);
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
      await browser.kill();
      await browser.restart();
    }
  });
});
