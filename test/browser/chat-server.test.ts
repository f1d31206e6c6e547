/** The page of the chat server in a real browser, from the first message to the approved result; its server is killed once. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { bundlePage, type PageFiles } from '../../examples/browser/bundle.ts';
import { writePage } from '../../examples/browser/page-files.ts';
import type { Report } from '../../examples/stage/report.ts';
import { describeInChromium } from '../support/chromium.ts';

const root = join(import.meta.dirname, '../..');

interface Server {
  readonly url: string;
  readonly reports: readonly Report[];
  kill(): Promise<void>;
}

async function startServer(folder: string, port: string): Promise<Server> {
  const child: ChildProcess = fork(join(root, 'examples/10-chat-server/server.ts'), [folder, port], {
    execArgv: ['--import', 'tsx'],
    env: {
      ...process.env,
      TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
      OPENAI_API_KEY: undefined,
      PACE: '20',
    },
  });
  const reports: Report[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (report: Report) => {
      reports.push(report);
      if (report.url !== undefined) resolve(report.url);
    });
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)));
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(kill);
  return { url, reports, kill };
}

describeInChromium('a chat in a page', (browser) => {
  // Servers and pages are started anew in each test.
  const timeout = 120_000;
  let page: PageFiles;
  beforeAll(async () => {
    page = await bundlePage(join(root, 'examples/10-chat-server/page'));
  }, timeout);

  const answer = (tab: Page) => tab.locator('article[data-role=assistant]');
  const approve = (tab: Page) => tab.getByRole('button', { name: 'Approve' });

  it.each([
    ['in its first sentence', 'since the days of lead', undefined],
    ['while it tells the price', 'It comes to', undefined],
    ['while it waits for a person', undefined, 'before'],
    ['in its last sentence', 'The press is', 'after'],
  ])('comes to its approved result where its server is killed %s', { timeout }, async (_, text, approval) => {
    const folder = mkdtempSync(join(tmpdir(), 'savepoint-chat-'));
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    writePage(join(folder, 'page'), page);
    const first = await startServer(folder, '0');
    const tab = await browser.context.newPage();
    onTestFinished(() => tab.close());
    await tab.goto(first.url);
    await tab.getByLabel('What you say').fill('Two hundred posters, please.');
    await tab.getByRole('button', { name: 'Send' }).click();
    if (approval === 'after') await approve(tab).click();
    await (text === undefined ? approve(tab) : tab.getByText(text)).waitFor();
    const id = await answer(tab).getAttribute('data-id');
    await first.kill();
    const second = await startServer(folder, new URL(first.url).port);
    // A page that waits for a person has no connection that could break.
    if (approval === 'before') await tab.reload();
    if (approval !== 'after') await approve(tab).click();
    await tab.getByText('ready on Thursday').waitFor();
    const shown = await answer(tab).innerText();

    await tab.reload();
    await tab.getByText('ready on Thursday').waitFor();
    expect(await answer(tab).innerText()).toBe(shown);
    expect(await answer(tab).getAttribute('data-id')).toBe(id);
    expect(await tab.locator('article').count()).toBe(2);
    expect(shown.match(/Good morning/g)).toHaveLength(1);
    expect(shown.match(/order of 200 posters taken/g)).toHaveLength(1);
    expect(readFileSync(join(folder, 'orders.txt'), 'utf8').trim().split('\n')).toHaveLength(1);
    // Three messages, and at most the one that was cut off once more.
    const asked = [...first.reports, ...second.reports].filter(({ topic }) => topic === 'asks');
    expect(new Set(asked.map((report) => report.text)).size).toBe(3);
    expect(asked.length).toBeLessThanOrEqual(text === undefined ? 3 : 4);
  });
});
