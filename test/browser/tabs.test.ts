/** Several tabs on one database. */
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { describeInChromium } from '../support/chromium.ts';
import type { On } from './page/main.ts';
import { errorOf, valueOf } from './result.ts';

describeInChromium('two tabs', (browser) => {
  /** Long enough that no test passes because a lease has ended. */
  const limits = { lease: 600_000 };
  const soon = { timeout: 20_000 };
  let databases = 0;

  const place = (): On => ({ database: `tabs-${++databases}`, limits });

  async function openTab(): Promise<Page> {
    const tab = await browser.tab();
    onTestFinished(() => tab.close());
    return tab;
  }

  const hold = (tab: Page, on: On, wait = 0) =>
    tab.evaluate(([on, wait]) => window.page.hold(on, 'r', wait), [on, wait] as const);
  const notesOf = (tab: Page) => tab.evaluate(() => window.page.notes('r'));
  const add = (tab: Page, note: string) => tab.evaluate((note) => window.page.add('r', note), note);

  it('have one run in one of them: the other is told who holds it', async () => {
    const on = place();
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    const error = errorOf(await hold(two, on));
    expect(error).toMatchObject({ code: 'RUN_LOCKED' });
    expect(error.message).toContain(`a tab at ${browser.url}`);
    valueOf(await add(one, 'still here'));
  });

  it('pass a run on when one lets go of it', async () => {
    const on = place();
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    valueOf(await add(one, 'a'));
    const taken = hold(two, on, 60_000);
    valueOf(await one.evaluate(() => window.page.release('r')));
    expect(valueOf(await taken)).toEqual(['a']);
  });

  it.each<[how: string, end: (tab: Page) => Promise<unknown>]>([
    ['closed', (tab) => tab.close()],
    ['reloaded', (tab) => tab.reload()],
    ['left for another page', (tab) => tab.goto('about:blank')],
    [
      'killed by a crash',
      async (tab) => {
        const crashed = new Promise<void>((resolve) => tab.once('crash', () => resolve()));
        // It never answers.
        (await browser.devtools(tab)).send('Page.crash').catch(() => {});
        await crashed;
      },
    ],
  ])('free a run at once when its tab is %s', async (_, end) => {
    const on = place();
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    valueOf(await add(one, 'a'));
    errorOf(await hold(two, on));
    await end(one);
    // Some patience, as the browser takes a moment to see it; far less than the lease.
    expect(valueOf(await hold(two, on, 20_000))).toEqual(['a']);
    valueOf(await add(two, 'b'));
  });

  it('list a run as free as soon as its tab is gone', async () => {
    const on = place();
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    const free = async () => {
      const result = await two.evaluate((on) => window.page.store(on, 'runs', { free: true, limit: 9 }), on);
      return valueOf(result).map(({ run }) => run);
    };
    expect(await free()).toEqual([]);
    await one.close();
    await expect.poll(free, soon).toEqual(['r']);
  });

  it('follow a run that the other holds, live, and take it over', async () => {
    const on: On = { ...place(), limits: { ...limits, poll: 60_000 } };
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    expect(valueOf(await two.evaluate((on) => window.page.follow(on, 'r'), on))).toEqual([]);
    valueOf(await add(one, 'a'));
    // Told by a BroadcastChannel: a poll would come too late.
    const followed = () => two.evaluate(() => window.page.followed('r'));
    await expect.poll(followed, soon).toEqual(['a']);
    await one.close();
    valueOf(await hold(two, on, 20_000));
    valueOf(await add(two, 'b'));
  });

  it('make way for newer code in the other: it need not wait, and the old one is told to reload', async () => {
    const on = place();
    const [one, two] = [await openTab(), await openTab()];
    valueOf(await hold(one, on));
    const upgraded = two.evaluate(
      (name) =>
        new Promise<string>((resolve) => {
          const request = indexedDB.open(name, 99);
          request.addEventListener('success', () => resolve('upgraded'));
          request.addEventListener('error', () => resolve(String(request.error)));
        }),
      on.database,
    );
    expect(await upgraded).toBe('upgraded');
    const error = errorOf(await one.evaluate((on) => window.page.store(on, 'load', 'r'), on));
    expect(error).toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect(error.message).toContain('reload the page');
  });

  it('take a run from a tab that is frozen past its lease, and none of its commits lands', async () => {
    const on: On = { ...place(), limits: { lease: 1000 } };
    const two = await openTab();
    const one = await openTab();
    const renderer = await browser.rendererOf(one);
    expect(renderer).not.toBe(await browser.rendererOf(two));
    valueOf(await hold(one, on));
    valueOf(await add(one, 'a'));
    // It goes on writing, also right after it thaws.
    await one.evaluate(() => void window.page.addUntilRefused('r'));
    await expect.poll(async () => (await notesOf(one)).length, soon).toBeGreaterThan(3);
    process.kill(renderer, 'SIGSTOP');
    onTestFinished(() => void process.kill(renderer, 'SIGCONT'));
    const found = valueOf(await hold(two, on, 20_000));
    valueOf(await add(two, 'b'));
    process.kill(renderer, 'SIGCONT');
    await expect.poll(async () => 'error' in (await add(one, 'too late')), soon).toBe(true);
    valueOf(await add(two, 'c'));
    const three = await openTab();
    const stored = valueOf(await three.evaluate((on) => window.page.follow(on, 'r'), on));
    expect(stored).toEqual([...found, 'b', 'c']);
  });
});
