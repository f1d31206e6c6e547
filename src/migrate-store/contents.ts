/** All that a store has of one run, a page at a time, so that a run of any length takes little room. */
import type { CheckpointRow, CheckpointSummary, Row, RowKind, Store, StoredQuestion } from '../store.ts';

const PAGE = 200;
/** Blobs may be large. */
const BLOBS = 8;

/** Complete, or the compiler says so. */
export const KINDS = Object.keys({
  event: true,
  blob: true,
  step: true,
  outbox: true,
  asked: true,
  answer: true,
} satisfies Record<RowKind, true>) as RowKind[];

/** Oldest first. What is in memory at a time is a base with what stands on it. */
export async function* checkpointsOf(store: Store, run: string): AsyncGenerator<CheckpointRow> {
  let last: CheckpointSummary | undefined;
  for (let from = 0; ;) {
    const page = await store.history(run, { from, limit: PAGE });
    for (const row of page) {
      if (row.damage) throw row.damage;
      if (row.base && last) yield* await store.load(run, last.seq);
      last = row;
    }
    if (page.length < PAGE) break;
    from = page.at(-1)!.seq + 1;
  }
  if (last) yield* await store.load(run, last.seq);
}

/** By key; messages in the order in which they came, those behind `after`. */
export async function* rowsOf(
  store: Store,
  run: string,
  kind: RowKind | 'inbox',
  after?: string,
): AsyncGenerator<Pick<Row, 'key' | 'value'>> {
  const limit = kind === 'blob' ? BLOBS : PAGE;
  for (;;) {
    const page = await store.rows(run, kind, { after, limit });
    yield* page;
    if (page.length < limit) return;
    after = page.at(-1)!.key;
  }
}

/** Oldest first. */
export async function* questionsOf(store: Store, run: string): AsyncGenerator<StoredQuestion> {
  for (let after: StoredQuestion | undefined; ;) {
    const page = await store.questions({ run, after, limit: PAGE });
    for (const question of page) {
      if (question.damage) throw question.damage;
      yield question;
    }
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}
