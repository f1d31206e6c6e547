/** Lists runs page by page. The store finds them by what it indexes; the rest is told apart here. */
import { RunNotFoundError } from './errors.ts';
import { toListed, type ListQuery, type RunInfo } from './run/run-info.ts';
import type { Store, StoredRun } from './store.ts';

const PAGE = 200;

const toMs = (time: number | Date | undefined): number | undefined =>
  time instanceof Date ? time.getTime() : time;

export async function* listRuns(store: Store, query: ListQuery): AsyncGenerator<RunInfo> {
  const { machine, tag, metadata = {}, order, limit = Infinity } = query;
  const status = typeof query.status === 'string' ? [query.status] : query.status;
  const wanted = Object.entries(metadata);
  let after = query.after === undefined ? undefined : await find(store, query.after);
  for (let left = limit; left > 0;) {
    const page = await store.runs({
      status,
      machine,
      tag,
      createdFrom: toMs(query.createdFrom),
      createdTo: toMs(query.createdTo),
      descending: order === 'desc',
      after,
      limit: PAGE,
    });
    for (const stored of page) {
      const info = toListed(stored);
      if (!wanted.every(([key, value]) => info.metadata[key] === value)) continue;
      yield info;
      if (--left === 0) return;
    }
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

async function find(store: Store, run: string): Promise<StoredRun> {
  const [stored] = await store.runs({ run, limit: 1 });
  if (!stored) throw new RunNotFoundError(run);
  return stored;
}
