/** A page that adds notes while its browser is killed again and again, and what whoever was given receipts remembers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chromium } from '../support/browser.ts';
import { randomFrom } from '../support/random.ts';
import type { On } from './page/main.ts';
import { valueOf } from './result.ts';

/** How long a page may take for some notes, in milliseconds. */
const patience = 60_000;

interface Killed {
  readonly acknowledged: number;
  /** How often the browser itself threw all away, as it started again. */
  readonly forgotten: number;
  readonly faults: readonly string[];
}

/** All processes of the browser are killed at once, at a random instant; then it goes on with the same profile. */
export async function killedWhileAdding(browser: Chromium, kills: number): Promise<Killed> {
  const on: On = { database: 'kills' };
  const random = randomFrom(7);
  /** Told from outside: those that the browser has. */
  let acknowledged: number[] = [];
  let before = 0;
  let forgotten = 0;
  const faults: string[] = [];
  const outcome = (): Killed => ({ acknowledged: before + acknowledged.length, forgotten, faults });
  for (let killed = 0; ; killed++) {
    const tab = await browser.tab();
    await tab.exposeFunction('acknowledge', (n: number) => void acknowledged.push(n));
    const notes = valueOf(await tab.evaluate((on) => window.page.hold(on, 'r', 60_000), on));
    if (killed > 0 && browser.hasForgottenThePage) {
      forgotten++;
      before += acknowledged.length;
      acknowledged = [];
    }
    // Each once and in order, all that was acknowledged, and at most the one that was under way.
    const wrong = notes.findIndex((note, n) => note !== `${n}`);
    if (wrong >= 0) faults.push(`after ${killed} kills, note ${wrong} is ${notes[wrong]}`);
    const known = (acknowledged.at(-1) ?? -1) + 1;
    if (notes.length !== known && notes.length !== known + 1)
      faults.push(`after ${killed} kills, there are ${notes.length} notes, and ${known} were acknowledged`);
    // That happens once in a hundred kills or more.
    if (forgotten > 1 + killed / 10)
      faults.push(`the browser threw all away ${forgotten} times in ${killed}`);
    if (killed === kills || faults.length > 0) return outcome();
    const enough = acknowledged.length + 5;
    await tab.evaluate((from) => void window.page.addForEver('r', from), notes.length);
    const last = performance.now() + patience;
    while (acknowledged.length <= enough) {
      if (performance.now() > last) return { ...outcome(), faults: ['no note is added'] };
      await sleep(5);
    }
    await sleep(random() * 100);
    await browser.kill();
    await browser.restart();
  }
}
