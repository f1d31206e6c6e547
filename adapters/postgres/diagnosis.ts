/**
 * Why a commit changed nothing.
 *
 * @module
 */
import type { Message, Outcome } from '../../src/store.ts';
import { StoreError } from '../../src/errors.ts';
import type { Connection } from './connection.ts';
import { askedBy, type Entry, every, type Of, places } from './entries.ts';
import { Sql } from './sql.ts';
import { arrayOf, ordered, original, stored, unordered } from './text.ts';

/**
 * What is to be said of a commit, or what to do with it.
 * - `again`: nothing is against it: another statement was in the way.
 * - `retag`: it changes the tags of its run.
 */
export type Diagnosis = Outcome | 'again' | 'retag';

/** A run as it is now, beside a commit to it; null where there is no such row. */
interface Found {
  readonly n: number;
  readonly fence: string | number | null;
  readonly seq: string | number | null;
  readonly holds: boolean | null;
  readonly taken: boolean | null;
  readonly leased: boolean;
  readonly retags: boolean | null;
}

/** Looks at the runs of commits that were not written, in the order of `entries`. @throws QueryError */
export async function diagnose(connection: Connection, entries: readonly Entry[]): Promise<Diagnosis[]> {
  const { quoted: schema } = connection;
  const sql = new Sql();
  const batch = sql.relation('b', [
    ['n', 'int', entries.map(({ n }) => n)],
    ['run', 'text', entries.map(({ commit }) => ordered(commit.run))],
    ['owner', 'text', entries.map(({ commit }) => stored(commit.owner))],
    ['tags', 'text', entries.map(({ commit }) => commit.head && arrayOf(commit.head.tags))],
  ]);
  const rows = (await connection.run(
    sql.statement(
      `SELECT b.n, r.fence, r.seq, r.owner = o.oid AS holds, o.oid IS NOT NULL AS leased,
         r.status IS NOT NULL OR r.buried > now() AS taken, r.tags <> b.tags::text[] AS retags
       FROM ${batch} LEFT JOIN ${schema}.runs r ON r.id = b.run LEFT JOIN ${schema}.owners o ON o.id = b.owner`,
    ),
  )) as Found[];
  const found = new Map(rows.map((row) => [row.n, row]));
  const waiting = await waitingMessages(connection, entries);
  const asked = await askedElsewhere(connection, entries);
  return entries.map((entry) => {
    const run = found.get(entry.n);
    return run === undefined ? 'again' : judge(entry, run, waiting.get(entry.n), asked.get(entry.n));
  });
}

/** What is wrong with a commit whatever its run is like: it is never written. */
export function refusal({ run, create, head, checkpoints = [] }: Entry['commit']): Outcome | undefined {
  if (create === true && head === undefined) return refused(`The first commit of run '${run}' has no head.`);
  let last = 0;
  for (const { seq } of checkpoints) {
    if (seq <= last) return disorder(run, seq, last);
    last = seq;
  }
  return undefined;
}

function judge(
  { commit }: Entry,
  found: Found,
  message: Message | undefined,
  asker: readonly [question: string, run: string] | undefined,
): Diagnosis {
  const { run, create, expect, fence, checkpoints = [] } = commit;
  if (create === true) {
    // A row that has had its time as a tombstone is as good as none.
    if (found.taken === true) return { status: 'exists' };
    return found.leased ? 'again' : { status: 'fenced' };
  }
  if (found.holds !== true || Number(found.fence) !== fence) return { status: 'fenced' };
  const seq = Number(found.seq);
  if (expect !== undefined && expect !== seq) return { status: 'conflict' };
  if (message !== undefined) return { status: 'taken', message };
  const [first] = checkpoints;
  if (first !== undefined && first.seq <= seq) return disorder(run, first.seq, seq);
  if (asker !== undefined) {
    return refused(`Run '${run}' was not written: its question '${asker[0]}' is open in run '${asker[1]}'.`);
  }
  return found.retags === true ? 'retag' : 'again';
}

/** The first message that a commit yields to. */
async function waitingMessages(
  connection: Connection,
  entries: readonly Entry[],
): Promise<Map<number, Message>> {
  const rows = await join(
    connection,
    every(entries, ({ unless = [] }) => unless),
    entries,
    'i.id, i.value',
    `JOIN ${connection.quoted}.runs r ON r.id = b.run JOIN ${connection.quoted}.inbox i ON i.rid = r.rid AND i.id = b.id`,
  );
  return firsts(rows.map(({ n, id, value }) => [n, { id: unordered(id), value: original(value) }]));
}

/** A question that a commit asks, and the other run in which it is open. */
async function askedElsewhere(
  connection: Connection,
  entries: readonly Entry[],
): Promise<Map<number, readonly [question: string, run: string]>> {
  const ids = every(entries, (commit) => askedBy(commit).map(({ id }) => id));
  const rows = await join(
    connection,
    ids,
    entries,
    'q.id, r.id AS value',
    `JOIN ${connection.quoted}.questions q ON q.id = b.id JOIN ${connection.quoted}.runs r ON r.rid = q.rid AND r.id <> b.run`,
  );
  return firsts(rows.map(({ n, id, value }) => [n, [unordered(id), unordered(value)]]));
}

async function join(
  connection: Connection,
  ids: Of<string>,
  entries: readonly Entry[],
  columns: string,
  joins: string,
): Promise<{ n: number; id: string; value: string }[]> {
  if (ids.length === 0) return [];
  const runs = new Map(entries.map(({ n, commit }) => [n, ordered(commit.run)]));
  const sql = new Sql();
  const batch = sql.relation('b', [
    ['n', 'int', places(ids)],
    ['place', 'int', ids.map((_, place) => place)],
    ['run', 'text', ids.map(([n]) => runs.get(n))],
    ['id', 'text', ids.map(([, id]) => ordered(id))],
  ]);
  const statement = sql.statement(`SELECT b.n, ${columns} FROM ${batch} ${joins} ORDER BY b.place`);
  return (await connection.run(statement)) as { n: number; id: string; value: string }[];
}

function firsts<T>(pairs: readonly (readonly [n: number, one: T])[]): Map<number, T> {
  return new Map(pairs.toReversed());
}

function disorder(run: string, seq: number, last: number): Outcome {
  return refused(`Run '${run}' was not written: checkpoint ${seq} does not follow ${last}.`);
}

function refused(message: string): Outcome {
  return { status: 'failed', error: new StoreError(message, 'failed'), retry: false };
}
