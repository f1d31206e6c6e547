/** A page that adds notes while its browser is killed again and again, and what whoever was given receipts remembers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chromium } from '../support/browser.ts';
import { randomFrom } from '../support/random.ts';
import type { On } from './page/main.ts';
import { valueOf } from './result.ts';

/** How long a page may take for some notes, in milliseconds. */
const patience = 60_000;

/** All processes of the browser are killed at once, at a random instant; then it goes on with the same profile. */
export async function killedWhileAdding(
  browser: Chromium,
  kills: number,
): Promise<{ readonly acknowledged: number; readonly faults: readonly string[] }> {
  const on: On = { database: 'kills' };
  const random = randomFrom(7);
  /** Told from outside. */
  const acknowledged: number[] = [];
  const faults: string[] = [];
  for (let killed = 0; ; killed++) {
    const tab = await browser.tab();
    await tab.exposeFunction('acknowledge', (n: number) => void acknowledged.push(n));
    const notes = valueOf(await tab.evaluate((on) => window.page.hold(on, 'r', 60_000), on));
    // Each once and in order, all that was acknowledged, and at most the one that was under way.
    const wrong = notes.findIndex((note, n) => note !== `${n}`);
    if (wrong >= 0) faults.push(`after ${killed} kills, note ${wrong} is ${notes[wrong]}`);
    const known = (acknowledged.at(-1) ?? -1) + 1;
    if (notes.length !== known && notes.length !== known + 1)
      faults.push(`after ${killed} kills, there are ${notes.length} notes, and ${known} were acknowledged`);
    if (killed === kills || faults.length > 0) return { acknowledged: acknowledged.length, faults };
    const enough = acknowledged.length + 5;
    await tab.evaluate((from) => void window.page.addForEver('r', from), notes.length);
    const last = performance.now() + patience;
    while (acknowledged.length <= enough) {
      if (performance.now() > last)
        return { acknowledged: acknowledged.length, faults: ['no note is added'] };
      await sleep(5);
    }
    await sleep(random() * 100);
    await browser.kill();
    await browser.restart();
  }
}
