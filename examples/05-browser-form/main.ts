/**
 * A form in a browser: three pages that survive a reload, a crash of the tab and a second tab, and are sent once.
 *
 * Prints the address of the page, for you to try. With CI=true it fills in the form itself, in a Chromium, prints what
 * happens, and ends. The page is in page/: the machine in stall.ts, what a tab does with it in main.ts.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startChromium } from '../browser/chromium.ts';
import { servePage } from '../browser/serve.ts';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import { TownHall } from './town-hall.ts';

const PAGE = join(import.meta.dirname, 'page');

const townHall = new TownHall();
const receive = { '/applications': townHall.receive.bind(townHall) };

const saved = (tab: Page): Promise<void> => tab.getByText('All is saved.').waitFor();
const value = (tab: Page, label: string): Promise<string> => tab.getByLabel(label).inputValue();
const click = (tab: Page, button: string): Promise<void> => tab.getByRole('button', { name: button }).click();

async function type(tab: Page, label: string, text: string): Promise<void> {
  const field = tab.getByLabel(label);
  // Waits until it is to be seen and may be edited; pressing a key does not.
  await field.click();
  await field.press('End');
  await field.pressSequentially(text);
  await saved(tab);
}

/** The tab's process ends at once, as when it runs out of memory. */
async function crash(tab: Page): Promise<void> {
  const crashed = tab.waitForEvent('crash');
  const devtools = await tab.context().newCDPSession(tab);
  devtools.send('Page.crash').catch(() => {}); // It never answers.
  await crashed;
  await tab.close();
}

async function story({ timeline, folder }: Stage): Promise<Promises> {
  const promises = new Map<string, boolean>();
  const page = await servePage(PAGE, { receive });
  const browser = await startChromium(join(folder, 'profile'));
  const tell = (who: string, text: string): void => timeline.print(who, undefined, text);
  const open = async (): Promise<Page> => {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    return tab;
  };
  try {
    let tab = await open();
    await type(tab, 'Your name', 'Juniper Ashby');
    await type(tab, 'Your mail', 'juniper@pinecone.example');
    tell('tab 1', 'fills in the first page, and is reloaded');
    await tab.reload();
    await saved(tab);
    promises.set(
      'after a reload, all that was typed is there',
      (await value(tab, 'Your name')) === 'Juniper Ashby',
    );

    await click(tab, 'Next');
    await type(tab, 'What you sell', 'quince jel');
    tell('tab 1', 'is on the second page, in the middle of a word, and crashes');
    await crash(tab);
    tab = await open();
    await saved(tab);
    const goods = await value(tab, 'What you sell');
    tell('tab 2', `is opened, on the second page, and reads “${goods}”`);
    promises.set('after a crash, the form goes on in the middle of a word', goods === 'quince jel');

    const other = await open();
    await other.getByText('The form is being filled in elsewhere').waitFor();
    await type(tab, 'What you sell', 'ly');
    tell('tab 3', 'is opened beside it: it may look, and sees what is typed');
    promises.set(
      'a second tab sees live what is typed in the first',
      await comesTo(other, 'What you sell', 'quince jelly'),
    );
    await click(other, 'Edit here');
    await saved(other);
    await type(other, 'How many metres', '3');
    tell('tab 3', 'takes over, and tab 2 looks');
    promises.set('it takes over, and the first one looks', await comesTo(tab, 'How many metres', '3'));

    await click(other, 'Next');
    townHall.isSlow = true;
    await click(other, 'Send');
    await other.getByText('It is being sent').waitFor();
    await saved(other);
    while (townHall.deliveries === 0) await other.waitForTimeout(10);
    tell('tab 3', 'sends the form, and crashes before there is an answer');
    townHall.isSlow = false;
    await crash(other);
    await click(tab, 'Edit here');
    await tab.getByText('Your stall is number 1.').waitFor();
    tell('tab 2', `takes over, and sends it once more: the town hall has ${townHall.applications.size}`);
    promises.set(
      'the form is sent twice, under one key, and there is one stall',
      townHall.deliveries === 2 && townHall.applications.size === 1,
    );
    return promises;
  } finally {
    await browser.close();
    page.close();
  }
}

/** Whether a field comes to show a text. */
async function comesTo(tab: Page, label: string, text: string): Promise<boolean> {
  for (let tries = 0; tries < 1000; tries++) {
    if ((await value(tab, label)) === text) return true;
    await tab.waitForTimeout(10);
  }
  return false;
}

if (process.env['CI'] === 'true') {
  await perform(
    'A stall at the harvest market',
    'the form survived a reload, two crashes and a second tab, and was sent under one key.',
    story,
  );
} else {
  const { url } = await servePage(PAGE, { port: 5105, receive });
  console.log(
    `The form is at ${url}\nReload it, kill its tab (chrome://crash), open it twice. Ctrl+C ends this.`,
  );
}
