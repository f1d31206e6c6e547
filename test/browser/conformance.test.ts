/** The suite that every store passes, on IndexedDB in a real browser. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { caseGroups } from '../../adapters/conformance/case-groups.ts';
import { describeInChromium } from '../support/chromium.ts';
import { valueOf } from './result.ts';

describeInChromium('the IndexedDB store, in Chromium', (browser) => {
  let tab: Page;
  let kept = 0;

  beforeAll(async () => {
    tab = await browser.tab();
  });

  afterAll(() => {
    console.log(`the IndexedDB store, in Chromium: ${kept} promises kept`);
  });

  for (const group of caseGroups) {
    describe(group.name, () => {
      test.for(group.cases)('$name', async ({ name }, context) => {
        const reason = valueOf(
          await tab.evaluate(([group, name]) => window.page.conformance(group, name), [
            group.name,
            name,
          ] as const),
        );
        if (reason !== undefined) context.skip(reason);
        kept++;
      });
    });
  }
});
