/** A browser that is killed at any instant, and started again with the same profile. */
import { expect, it } from 'vitest';
import { describeInChromium } from '../support/chromium.ts';
import { killedWhileAdding } from './killed-while-adding.ts';
import type { On } from './page/main.ts';
import { valueOf } from './result.ts';

describeInChromium('a killed browser', (browser) => {
  it('goes on from the last checkpoint', async () => {
    const on: On = { database: 'killed-once' };
    const tab = await browser.tab();
    valueOf(await tab.evaluate((on) => window.page.hold(on, 'r'), on));
    for (const note of ['a', 'b']) valueOf(await tab.evaluate((note) => window.page.add('r', note), note));
    await browser.kill();
    await browser.restart();
    const next = await browser.tab();
    expect(valueOf(await next.evaluate((on) => window.page.hold(on, 'r', 20_000), on))).toEqual(['a', 'b']);
    // The same note once more, as its sender does not know that it was kept.
    valueOf(await next.evaluate(() => window.page.add('r', 'b')));
    valueOf(await next.evaluate(() => window.page.add('r', 'c')));
    expect(await next.evaluate(() => window.page.notes('r'))).toEqual(['a', 'b', 'c']);
  });

  it('loses nothing that was acknowledged where a tab is reloaded in the middle of turns', async () => {
    const on: On = { database: 'reloads' };
    const tab = await browser.tab();
    const acknowledged: number[] = [];
    await tab.exposeFunction('acknowledge', (n: number) => void acknowledged.push(n));
    for (let reloads = 0; ; reloads++) {
      const notes = valueOf(await tab.evaluate((on) => window.page.hold(on, 'r', 20_000), on));
      expect(notes.map(Number)).toEqual(notes.map((_, n) => n));
      expect(notes.length).toBeGreaterThan(acknowledged.at(-1) ?? -1);
      if (reloads === 8) break;
      const seen = acknowledged.length;
      // From inside, between two turns or within one: nothing is waited for.
      await tab.evaluate((from) => void window.page.addForEver('r', from), notes.length);
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(seen + 2);
      await tab.reload();
    }
    await tab.close();
  });

  it(
    'has every note that was acknowledged, once, after each of ten kills',
    { timeout: 180_000 },
    async () => {
      expect((await killedWhileAdding(browser, 10)).faults).toEqual([]);
    },
  );
});
