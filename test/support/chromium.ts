/** A real browser for the tests of a file. */
import { afterAll, beforeAll, describe } from 'vitest';
import { Chromium } from './browser.ts';

const started = await Chromium.start().catch((error: unknown) => error as Error);

/**
 * The tests of a file that need a browser. Where none can be started they are skipped, and say why; where
 * `CI` is `true` they fail.
 */
export function describeInChromium(name: string, suite: (browser: Chromium) => void): void {
  if (started instanceof Chromium) {
    describe(name, () => {
      beforeAll(() => started.serve());
      afterAll(() => started.end());
      suite(started);
    });
    return;
  }
  if (process.env['CI'] === 'true') throw started;
  console.log(`${name}: skipped, as no browser can be started. ${started.message}`);
  describe.skip(name, () => {});
}
