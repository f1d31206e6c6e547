/** The browser is killed, all of its processes at once, while a page writes down what it is told. */
import { killedWhileAdding } from '../../browser/killed-while-adding.ts';
import { Chromium } from '../../support/browser.ts';

interface Killed {
  readonly faults: readonly string[];
  readonly figure: string;
}

/** Where no browser can be started that is said; with CI=true it is an error. */
export async function killBrowser(kills: number): Promise<Killed> {
  let browser: Chromium;
  try {
    browser = await Chromium.start();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return { faults: [], figure: `skipped, as no browser can be started: ${String(error)}` };
  }
  try {
    await browser.serve();
    const { acknowledged, forgotten, faults } = await killedWhileAdding(browser, kills);
    const figure =
      `${kills} kills of the browser, ${acknowledged} events acknowledged, 0 lost, 0 twice; ` +
      `${forgotten} times the browser threw the data of the site away as it started`;
    return { faults, figure };
  } finally {
    await browser.end();
  }
}
