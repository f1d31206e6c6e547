/** Cuts the history of a run at a base: what is older goes, and the blobs that only that referred to. */
import { blobsOf } from '../checkpoint/decode.ts';
import { RICH } from '../checkpoint/envelope.ts';
import type { Json } from '../checkpoint/json.ts';
import type { CheckpointSummary, RunCommit, Store } from '../store.ts';
import type { Keeping } from './retention.ts';
import { othersFirst, piecesOf, slicesOf } from './slices.ts';

/** A run that may be written. */
export interface Hand {
  readonly run: string;
  readonly store: Store;
  commit(part: Pick<RunCommit, 'dropFrom' | 'dropBefore' | 'drop'>): Promise<void>;
  /** Frees those blobs that neither `referred()` names nor a turn that comes meanwhile. Tells how many. */
  free(keys: readonly string[], referred: () => Promise<ReadonlySet<string>>): Promise<number>;
}

const PAGE = 200;

/** Up to when something is old enough: a duration is taken from an instant, whatever the calendar says. */
export const lastInstant = (olderThan: number | undefined, now: number): number =>
  olderThan === undefined ? Infinity : now - olderThan;

/** What goes, newest first; empty where there is no base to cut at. */
export async function cuttable(
  store: Store,
  run: string,
  { keepLast = 1, olderThan }: Keeping,
  now: number,
): Promise<CheckpointSummary[]> {
  const until = lastInstant(olderThan, now);
  let kept = 0;

  let base: CheckpointSummary | undefined;
  const going: CheckpointSummary[] = [];
  for (let to: number | undefined; ;) {
    const page = await store.history(run, { to, descending: true, limit: PAGE });
    for (const row of page) {
      // Times only rise: the first cut that is old enough is the one that takes the most.
      if (going.length > 0 || (base && kept >= keepLast && row.time <= until)) going.push(row);
      else base = row.base ? row : undefined;
      kept++;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return going;
    to = last.seq - 1;
  }
}

/**
 * Cuts. Newest first: what is left after a crash in between can still be read.
 *
 * @returns how many checkpoints and blobs are gone.
 */
export async function cutHistory(
  hand: Hand,
  keeping: Keeping,
  now: number,
): Promise<{ checkpoints: number; blobs: number }> {
  const { store, run } = hand;
  const going = await cuttable(store, run, keeping, now);
  for (const { count: _, ...range } of slicesOf(going)) {
    await hand.commit(range);
    await othersFirst();
  }
  if (going.length === 0) return { checkpoints: 0, blobs: 0 };
  return { checkpoints: going.length, blobs: await freeBlobs(hand) };
}

async function freeBlobs(hand: Hand): Promise<number> {
  const { store, run } = hand;
  const keys: string[] = [];
  // A few at a time, as they come with their bytes.
  for (let after: string | undefined; ;) {
    const page = await store.rows(run, 'blob', { after, limit: 10 });
    keys.push(...page.map(({ key }) => key));
    if (page.length < 10) break;
    after = page.at(-1)!.key;
  }
  let freed = 0;
  for (const piece of piecesOf(keys)) {
    freed += await hand.free(piece, () => referredBlobs(store, run));
    await othersFirst();
  }
  return freed;
}

/** The blobs that the checkpoints of a run refer to: those that are left, from the oldest on. */
async function referredBlobs(store: Store, run: string): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  // Each base with what follows it, from the newest one back.
  for (let at: number | undefined; ;) {
    const rows = await store.load(run, at);
    for (const { body } of rows)
      if (body.startsWith(RICH))
        for (const hash of blobsOf(JSON.parse(body.slice(RICH.length)) as Json)) hashes.add(hash);
    const [first] = rows;
    if (!first) return hashes;
    const [before] = await store.history(run, { to: first.seq - 1, descending: true, limit: 1 });
    if (!before) return hashes;
    at = before.seq;
  }
}
