/** A real browser that can be killed, with the page in `test/browser/page`. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { startChromium } from '../../examples/browser/chromium.ts';
import { servePage, type ServedPage } from '../../examples/browser/serve.ts';

/** A process of the browser. */
interface BrowserProcess {
  readonly id: number;
  /** `browser`, `renderer`, … */
  readonly type: string;
  /** In seconds. */
  readonly cpuTime: number;
}

/** A browser whose profile outlives it, as a person's does. */
export class Chromium {
  #context: BrowserContext | undefined;
  #served: ServedPage | undefined;

  private constructor(readonly profile: string) {}

  static async start(): Promise<Chromium> {
    const browser = new Chromium(mkdtempSync(join(tmpdir(), 'savepoint-browser-')));
    try {
      browser.#context = await startChromium(browser.profile);
    } catch (error) {
      await browser.end();
      throw error;
    }
    return browser;
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('The browser is not running. Start it.');
    return this.#context;
  }

  /** The address of the page, the same for as long as the tests run. */
  get url(): string {
    return this.#served!.url;
  }

  async serve(): Promise<void> {
    this.#served = await servePage(join(import.meta.dirname, '../browser/page'));
  }

  /** A tab with the page. */
  async tab(): Promise<Page> {
    const tab = await this.context.newPage();
    await tab.goto(this.url);
    return tab;
  }

  /** All of its processes at once, as when the machine loses power. */
  async kill(): Promise<void> {
    const { context } = this;
    const processes = await this.processes();
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()));
    for (const { id } of processes.toSorted((a, b) => rank(a) - rank(b))) killed(id);
    await closed;
    this.#context = undefined;
  }

  /** Starts it again, on the same profile. */
  async restart(): Promise<void> {
    this.#context = await startChromium(this.profile);
  }

  /**
   * Did the browser itself throw away what the page had stored, as it started again? Killed at an unlucky instant it does:
   * its log of the site's databases is then the first one again.
   */
  get hasForgottenThePage(): boolean {
    const { protocol, hostname, port } = new URL(this.url);
    const site = `${protocol.slice(0, -1)}_${hostname}_${port}.indexeddb.leveldb`;
    return !existsSync(join(this.profile, 'Default/IndexedDB', site, 'LOG.old'));
  }

  /** The processes that it consists of now. */
  async processes(): Promise<readonly BrowserProcess[]> {
    const session = await this.context.browser()!.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return processInfo;
  }

  /** The process that runs the page of a tab: the browser does not tell, but the busiest one is it. */
  async rendererOf(tab: Page): Promise<number> {
    const before = new Map((await this.processes()).map(({ id, cpuTime }) => [id, cpuTime]));
    await tab.evaluate(() => {
      for (const end = performance.now() + 300; performance.now() < end;);
    });
    const used = ({ id, cpuTime }: BrowserProcess): number => cpuTime - (before.get(id) ?? 0);
    const renderers = (await this.processes()).filter(({ type }) => type === 'renderer');
    return renderers.toSorted((a, b) => used(b) - used(a))[0]!.id;
  }

  /** The means of a debugger, for what a test cannot do otherwise. */
  devtools(tab: Page): Promise<CDPSession> {
    return this.context.newCDPSession(tab);
  }

  /** Ends all, and removes the profile. */
  async end(): Promise<void> {
    await this.#context?.close();
    this.#served?.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function rank({ type }: BrowserProcess): number {
  return type === 'browser' ? 0 : 1;
}

function killed(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // Gone already, with its parent.
  }
}
