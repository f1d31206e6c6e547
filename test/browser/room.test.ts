/** A site that has no more room, and data that is cleared away under an open page. */
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { creation, turn } from '../../adapters/conformance/fixtures.ts';
import type { RunCommit } from '../../src/store.ts';
import { describeInChromium } from '../support/chromium.ts';
import type { On } from './page/main.ts';
import { errorOf, valueOf } from './result.ts';

describeInChromium('room', (browser) => {
  const soon = { timeout: 20_000 };

  async function openTab(): Promise<Page> {
    const tab = await browser.tab();
    onTestFinished(() => tab.close());
    return tab;
  }

  /** How much the site may store in all; without a number, as much as there is. */
  async function setQuota(tab: Page, quotaSize?: number): Promise<void> {
    const { origin } = new URL(browser.url);
    const devtools = await browser.devtools(tab);
    await devtools.send('Storage.overrideQuotaForOrigin', {
      origin,
      ...(quotaSize !== undefined && { quotaSize }),
    });
  }

  // First of all, as a browser asks for the quota only now and then.
  it('that is used up fails a commit and no other; it goes well when there is room', async () => {
    const tab = await openTab();
    await setQuota(tab, 3_000_000);

    const store: On = { database: 'full' };
    valueOf(await tab.evaluate((on) => window.page.store(on, 'lease', 'owner-1', 60_000), store));
    const commit = async (commit: RunCommit) =>
      valueOf(
        await tab.evaluate(([on, commit]) => window.page.store(on, 'commit', [commit]), [
          store,
          commit,
        ] as const),
      );
    await commit(creation('s'));
    const tooMuch = () =>
      tab.evaluate(([on, commit]) => window.page.commitNoise(on, commit, 5_000_000), [
        store,
        turn('s', 2),
      ] as const);
    const error = errorOf(await tooMuch());
    expect(error).toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect(error.message).toContain("The database 'full' failed: the browser has no more room for this site");
    expect(await commit(turn('s', 3))).toMatchObject([{ status: 'conflict' }]);

    const on: On = { database: 'full-runs' };
    for (const run of ['a', 'b', 'c'])
      valueOf(await tab.evaluate(([on, run]) => window.page.hold(on, run), [on, run] as const));
    // All in one job, and so in one batch.
    const fat = tab.evaluate(() => {
      void window.page.add('a', 'beside it');
      const fat = window.page.fatten('b', 5_000_000);
      void window.page.add('c', 'beside it');
      return fat;
    });
    for (const run of ['a', 'c']) {
      await expect
        .poll(() => tab.evaluate((run) => window.page.notes(run), run), soon)
        .toEqual(['beside it']);
    }
    valueOf(await tab.evaluate(() => window.page.add('a', 'later')));
    await setQuota(tab);
    expect(valueOf(await fat)).toBe(2);
    expect(valueOf(await tooMuch())).toBe('committed');
    valueOf(await tab.evaluate(() => window.page.add('b', 'at last')));
  });

  it('that the browser clears under an open page ends its runs, and new ones can be started', async () => {
    const on: On = { database: 'cleared', limits: { lease: 3000 } };
    const tab = await openTab();
    valueOf(await tab.evaluate((on) => window.page.hold(on, 'r'), on));
    const devtools = await browser.devtools(tab);
    const { origin } = new URL(browser.url);
    await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    expect(errorOf(await tab.evaluate(() => window.page.add('r', 'lost')))).toMatchObject({ code: 'FENCED' });
    // Its lease was cleared away as well; it is there again with the next renewal.
    const start = async () => 'value' in (await tab.evaluate((on) => window.page.hold(on, 'new'), on));
    await expect.poll(start, soon).toBe(true);
    valueOf(await tab.evaluate(() => window.page.add('new', 'kept')));
  });
});
