/** What is outside of the agent: an archive to search, a shelf for reports, and a ledger of all that was asked of it. */
import { appendFileSync } from 'node:fs';
import { report } from '../stage/report.ts';

/** What was asked for, by the key under which it was. */
export interface Deed {
  readonly who: 'the model' | 'the archive' | 'the shelf';
  readonly what: string;
  readonly key: string;
}

const { LEDGER: ledger = '' } = process.env;

/** Writes down what is asked for, before anything is done. No kill takes it back. */
export function note(deed: Deed): void {
  appendFileSync(ledger, `${JSON.stringify(deed)}\n`);
  report({ topic: deed.what, text: `asks ${deed.who}: ${deed.what}   ${deed.key}` });
}

const PAGES: Readonly<Record<string, string>> = {
  'survey-1911': 'Of the Quillfeather, an apple that whistles when it is bitten, 31 trees stand in Ambleby.',
  'letters-of-h-quill': 'The frost of May 1928 took the trees of Ambleby, all but the one at the mill.',
  'catalogue-1930': 'Grafts of the Quillfeather, from the tree at the mill of Ambleby. Nine pence each.',
};

export function search(query: string, key: string): readonly string[] {
  note({ who: 'the archive', what: `search ${query}`, key });
  const words = query.toLowerCase().split(/\W+/);
  return Object.entries(PAGES)
    .filter(([, text]) => words.some((word) => text.toLowerCase().includes(word)))
    .map(([page]) => page);
}

export function read(page: string, key: string): string {
  note({ who: 'the archive', what: `read ${page}`, key });
  return PAGES[page] ?? 'There is no such page.';
}

export function write(title: string, key: string): string {
  note({ who: 'the shelf', what: `write ${title}`, key });
  return `It stands on the shelf as '${title}'.`;
}
