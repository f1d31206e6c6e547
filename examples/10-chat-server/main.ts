/**
 * A chat on the web: an agent behind a small server, and a page with the AI SDK's chat. The server is killed in the middle
 * of a sentence, the page is reloaded, and a person approves in it.
 *
 * Prints the address of the page and the number of the server's process, for you to kill. With CI=true it does all that by
 * itself, in a Chromium, prints what happens, and ends. The agent is in assistant.ts, the server in server.ts.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startChromium } from '../browser/chromium.ts';
import { perform, type Promises, type Stage } from '../stage/stage.ts';

const SERVER = new URL('./server.ts', import.meta.url);
const BEGINNING = 'Good morning, and welcome';
const ORDER = 'Two hundred posters for the lantern parade, please.';

/** The answer as the page shows it: its id, and its text. */
async function answerIn(tab: Page): Promise<{ readonly id: string | null; readonly text: string }> {
  const article = tab.locator('article[data-role=assistant]');
  return { id: await article.getAttribute('data-id'), text: await article.innerText() };
}

const times = (text: string, part: string): number => text.split(part).length - 1;

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const tell = (text: string): void => timeline.print('page', undefined, text);
  const browser = await startChromium(join(folder, 'profile'));
  try {
    const first = stage.begin('server 1', SERVER, folder);
    const { url = '' } = await first.says('opens');
    const tab = await browser.newPage();
    await tab.goto(url);
    await tab.getByLabel('What you say').fill(ORDER);
    await tab.getByRole('button', { name: 'Send' }).click();
    await tab.getByText('since the days of lead').waitFor();
    const half = await answerIn(tab);
    await first.kill('in the middle of a sentence');
    await tab.getByText('The connection is gone.').waitFor();
    tell(`has half an answer: “… ${half.text.trim().slice(-30)}”`);

    const second = stage.begin('server 2', SERVER, folder, new URL(url).port);
    await second.says('opens');
    await tab.getByRole('button', { name: 'Approve' }).waitFor();
    const whole = await answerIn(tab);
    tell('has the whole answer, without having been reloaded, and a question');
    await tab.reload();
    await tab.getByRole('button', { name: 'Approve' }).waitFor();
    const reloaded = await answerIn(tab);
    tell('is reloaded, and shows the same');
    await tab.getByRole('button', { name: 'Approve' }).click();
    tell('clicks on Approve');
    await tab.getByText('ready on Thursday').waitFor();
    const done = await answerIn(tab);

    const asked = [first, second].map((server) => server.reportsOn('asks').map(({ text }) => text));
    const orders = readFileSync(join(folder, 'orders.txt'), 'utf8').trim().split('\n');
    return new Map([
      [
        'What was cut off was asked for again, under the same id; nothing else was asked twice.',
        asked[0]?.length === 1 && asked[1]?.length === 3 && asked[0][0] === asked[1][0],
      ],
      [
        'The page replaced the half of the answer: same message, and its beginning is there once.',
        whole.id === half.id && times(whole.text, BEGINNING) === 1,
      ],
      ['After a reload it showed the same, and the question.', reloaded.text === whole.text],
      [
        `One click printed one order: ${orders.join(', ')}.`,
        orders.length === 1 && done.id === half.id && done.text.includes('order of 200 posters taken'),
      ],
    ]);
  } finally {
    await browser.close();
  }
}

/** Starts the server, and another one where it is killed. */
function serve(folder: string, port: string): void {
  const server = fork(fileURLToPath(SERVER), [folder, port]);
  server.once('message', () =>
    console.log(
      `The chat is at http://127.0.0.1:${port}/\nKill its server in the middle of a sentence: kill -9 ${server.pid}. Reload the page. Ctrl+C ends this.`,
    ),
  );
  server.once('exit', (code) => (code === null ? serve(folder, port) : process.exit(code)));
}

if (process.env['CI'] === 'true') {
  await perform(
    'Inkwell & Daughters take an order. Their server is killed in the middle of a sentence.',
    'one message, said once though its server was killed, approved in the page, printed once.',
    story,
  );
} else {
  serve(mkdtempSync(join(tmpdir(), 'savepoint-chat-')), '5110');
}
