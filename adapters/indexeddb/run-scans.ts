/**
 * Lists of runs.
 *
 * @module
 */
import { type RunScan, runStatuses, type StoredRun } from '../../src/store.ts';
import { undelivered } from './inbox.ts';
import { merged, ordered, pageFor, type Part } from './ordered.ts';
import { compareKeys, type Key, last, within } from './ranges.ts';
import { damagedRun, storedRun } from './records.ts';
import type { FenceRecord, Reading, RunRecord } from './schema.ts';

/** The object stores that a list of runs reads. */
export const runStores = ['runs', 'fences', 'owners', 'held', 'inbox'] as const;

/** Reads no more than is asked for, where nothing but an index decides. A damaged run is left out of lists. */
export async function runs(tx: Reading, scan: RunScan): Promise<StoredRun[]> {
  const found: StoredRun[] = [];
  const { run, owner, free, limit } = scan;
  if (limit <= 0 || scan.status?.length === 0) return found;
  if (owner !== undefined && (await tx.objectStore('owners').getKey(owner)) === undefined) return found;
  const live = free === true ? await liveOwners(tx) : undefined;
  const isChosen = (fence: FenceRecord | undefined): boolean =>
    (owner === undefined || fence?.owner === owner) &&
    (live === undefined || fence?.owner === undefined || !live.has(fence.owner));
  const take = async (records: readonly RunRecord[]): Promise<void> => {
    const fences = await Promise.all(records.map(({ id }) => tx.objectStore('fences').get(id)));
    for (const [i, record] of records.entries()) {
      if (found.length >= limit || !isChosen(fences[i])) continue;
      const stored = storedRun(record, fences[i]);
      if (stored !== undefined) found.push(stored);
      else if (run !== undefined) throw damagedRun(run);
    }
  };

  const isNarrowed = owner !== undefined || live !== undefined;
  const waiting = scan.undelivered === true ? await undelivered(tx) : undefined;
  const isWaiting = waiting && new Set(waiting);
  let page: RunRecord[] = [];
  for await (const record of candidates(tx, scan, waiting)) {
    if (!matches(record, scan) || isWaiting?.has(record.id) === false) continue;
    page.push(record);
    const missing = limit - found.length;
    if (page.length < (isNarrowed ? pageFor(missing) : missing)) continue;
    await take(page);
    if (found.length >= limit) return found;
    page = [];
  }
  await take(page);
  return found;
}

/** Led by the narrowest of the conditions: each of these ways yields runs in the order of the list. */
function candidates(
  tx: Reading,
  scan: RunScan,
  waiting?: readonly string[],
): AsyncGenerator<RunRecord, void> {
  const { run, dueTo, owner, tag, descending = false, limit } = scan;
  const runs = tx.objectStore('runs');
  const page = pageFor(limit);
  if (run !== undefined) return named(tx, [run], scan);
  if (dueTo !== undefined) {
    const keyOf = ({ due, id }: RunRecord): Key => [due!, id];
    return ordered({ index: runs.index('due'), from: [], to: [dueTo, last], keyOf }, descending, page);
  }
  if (waiting !== undefined) return named(tx, waiting, scan);
  if (owner !== undefined) return heldBy(tx, owner, scan);
  if (tag !== undefined) return ordered(part(runs.index('tagged'), [tag], scan), descending, page);
  const statuses = [...new Set(scan.status ?? runStatuses)];
  const lists = statuses.map((status) => {
    const { machine } = scan;
    const listed =
      machine === undefined
        ? part(runs.index('status'), [status], scan)
        : part(runs.index('machine'), [machine, status], scan);
    return ordered(listed, descending, page);
  });
  return merged(lists, (a, b) => (descending ? -1 : 1) * compareRuns(a, b));
}

/** The part of an index behind `prefix`, as far as the scan says when its runs were created. */
function part(
  index: Part<RunRecord>['index'],
  prefix: Key,
  { createdFrom, createdTo, after, descending }: RunScan,
): Part<RunRecord> {
  let from: Key = createdFrom === undefined ? prefix : [...prefix, createdFrom];
  let to: Key = [...prefix, createdTo ?? last];
  let isFromOpen = false;
  if (after !== undefined) {
    const place = [...prefix, after.createdAt, after.run];
    if (descending === true) to = compareKeys(place, to) < 0 ? place : to;
    else if (compareKeys(place, from) >= 0) {
      from = place;
      isFromOpen = true;
    }
  }
  return { index, from, isFromOpen, to, keyOf: ({ created, id }) => [...prefix, created, id] };
}

async function* heldBy(tx: Reading, owner: string, scan: RunScan): AsyncGenerator<RunRecord, void> {
  const keys = await tx.objectStore('held').getAllKeys(within([owner]));
  const ids = keys.map(([, run]) => run);
  yield* named(tx, ids, scan);
}

/** Few runs, so that they can be sorted. */
async function* named(
  tx: Reading,
  ids: readonly string[],
  { run, after, dueTo, descending }: RunScan,
): AsyncGenerator<RunRecord, void> {
  const direction = descending === true ? -1 : 1;
  const records = await Promise.all(ids.map((id) => tx.objectStore('runs').get(id)));
  const there = records.filter((record) => record !== undefined);
  // A run without its head.
  if (run !== undefined && there.length === 0 && (await tx.objectStore('fences').getKey(run)) !== undefined) {
    throw damagedRun(run);
  }
  for (const record of there.sort((a, b) => direction * compareRuns(a, b))) {
    const isBehind =
      after === undefined ||
      dueTo !== undefined ||
      direction * compareRuns(record, { created: after.createdAt, id: after.run }) > 0;
    if (isBehind) yield record;
  }
}

function matches({ status, machine, tags, due, created }: RunRecord, scan: RunScan): boolean {
  return (
    (scan.status === undefined || scan.status.includes(status)) &&
    (scan.machine === undefined || scan.machine === machine) &&
    (scan.tag === undefined || tags.includes(scan.tag)) &&
    (scan.dueTo === undefined || (due !== undefined && due <= scan.dueTo)) &&
    (scan.createdFrom === undefined || created >= scan.createdFrom) &&
    (scan.createdTo === undefined || created < scan.createdTo)
  );
}

function compareRuns(a: Pick<RunRecord, 'created' | 'id'>, b: Pick<RunRecord, 'created' | 'id'>): number {
  return a.created - b.created || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

async function liveOwners(tx: Reading): Promise<ReadonlySet<string>> {
  const owners = tx.objectStore('owners');
  const [ids, records] = await Promise.all([owners.getAllKeys(), owners.getAll()]);
  const now = Date.now();
  return new Set(ids.filter((_, i) => records[i]!.expires > now));
}
