/**
 * The statement of commits to runs that are there. It checks, locks, writes and answers in one.
 *
 * @module
 */
import { checkedColumns, checks } from './checks.ts';
import { column, headColumns, seqColumns } from './columns.ts';
import { deletesOf } from './deletes.ts';
import type { Entry } from './entries.ts';
import { Sql } from './sql.ts';
import type { Statement } from './connection.ts';
import { ordered } from './text.ts';
import { afterCommit, isNews, type WakeUps } from './wake-ups.ts';
import { tagWrites, writesOf } from './writes.ts';

/** What all statements know. */
export interface Context {
  /** The schema's name, quoted. */
  readonly schema: string;
  readonly wakeUps: WakeUps | undefined;
}

/** Which parts of the commits to write. */
export interface TurnParts {
  /** Do some of them change the tags of their run? Otherwise those that would are not written. */
  readonly retag: boolean;
  /** Leave out what is inserted: it comes in a second statement. */
  readonly withoutWrites: boolean;
}

/** Answers with the place `n` of each commit that is written; the others change nothing. */
export function turnStatement(
  context: Context,
  entries: readonly Entry[],
  { retag, withoutWrites }: TurnParts,
): Statement {
  const { schema, wakeUps } = context;
  const sql = new Sql();
  const commits = entries.map(({ commit }) => commit);
  const has = {
    checkpoints: commits.some(({ checkpoints = [] }) => checkpoints.length > 0),
    head: commits.some(({ head }) => head !== undefined),
    release: commits.some(({ release }) => release === true),
    wakes: wakeUps !== undefined && commits.some(isNews),
    take: commits.some(({ take = [] }) => take.length > 0),
  };
  const batch = sql.relation('b', [
    ...checkedColumns(entries),
    ...(has.checkpoints ? seqColumns(commits) : []),
    ...(has.head ? headColumns(commits) : []),
    ...(has.release ? [column('released', 'boolean', commits, ({ release }) => release === true)] : []),
    ...(has.wakes ? [column('wakes', 'boolean', commits, isNews)] : []),
  ]);
  const conditions = checks(sql, schema, entries, [
    ...(has.checkpoints ? ['(b.first IS NULL OR r.seq < b.first)'] : []),
    ...(has.head && !retag ? ['(b.tags IS NULL OR r.tags = b.tags::text[])'] : []),
  ]);
  const changes = [
    'rev = r.rev + 1',
    ...(has.checkpoints ? ['seq = coalesce(b.seq, r.seq)', 'updated = coalesce(b.time, r.updated)'] : []),
    ...(has.head ? headChanges : []),
    ...(has.head && retag ? ['tags = coalesce(b.tags::text[], r.tags)'] : []),
    ...(has.release ? ['owner = CASE WHEN b.released THEN NULL ELSE r.owner END'] : []),
  ].join(', ');
  const returned = `b.n, r.rid, r.id, r.created${has.wakes ? ', r.status, r.due, b.wakes' : ''}`;
  // Several runs are locked in one order, or two processes could wait for each other.
  const isOrdered = entries.length > 1 || retag;
  const held = isOrdered
    ? `locked AS (
        SELECT b.n, r.rid, r.tags, r.created FROM batch b JOIN ${schema}.runs r ON r.id = b.run
        WHERE ${conditions} ORDER BY r.rid FOR UPDATE OF r),
      held AS (
        UPDATE ${schema}.runs r SET ${changes} FROM locked l JOIN batch b ON b.n = l.n WHERE r.rid = l.rid
        RETURNING ${returned})`
    : `held AS (
        UPDATE ${schema}.runs r SET ${changes} FROM batch b WHERE r.id = b.run AND ${conditions}
        RETURNING ${returned})`;
  const parts = [
    `batch AS (SELECT * FROM ${batch})`,
    held,
    ...(has.head && retag ? [oldTags(schema)] : []),
    ...deletesOf(sql, schema, entries),
    ...(withoutWrites ? [] : writesOf(sql, schema, entries)),
    ...(retag && !withoutWrites ? tagWrites(sql, schema, entries) : []),
  ];
  const woken = has.wakes ? `, ${afterCommit(wakeUps!, schema, has.take)} AS woken` : '';
  return sql.statement(`WITH ${parts.join(', ')} SELECT h.n${woken} FROM held h`);
}

/** The second statement, where it takes two: all that is inserted for the runs that passed the first one. */
export function writesStatement(
  { schema }: Context,
  entries: readonly Entry[],
  retag: boolean,
): Statement | undefined {
  const sql = new Sql();
  const passed = sql.relation('b', [
    ['n', 'int', entries.map(({ n }) => n)],
    ['run', 'text', entries.map(({ commit }) => ordered(commit.run))],
  ]);
  const writes = [...writesOf(sql, schema, entries), ...(retag ? tagWrites(sql, schema, entries) : [])];
  if (writes.length === 0) return undefined;
  const held = `held AS (SELECT b.n, r.rid, r.id, r.created FROM ${passed} JOIN ${schema}.runs r ON r.id = b.run)`;
  return sql.statement(`WITH ${[held, ...writes].join(', ')} SELECT h.n FROM held h`);
}

/** Where a commit has no head, its run keeps the old one. */
const headChanges: readonly string[] = [
  'machine = coalesce(b.machine, r.machine)',
  'version = CASE WHEN b.status IS NULL THEN r.version ELSE b.version END',
  'status = coalesce(b.status, r.status)',
  'due = CASE WHEN b.status IS NULL THEN r.due ELSE b.due END',
  'more = coalesce(b.more, r.more)',
];

function oldTags(schema: string): string {
  return `old_tags AS (
    DELETE FROM ${schema}.tags t USING locked l JOIN batch b ON b.n = l.n
    WHERE b.tags IS NOT NULL AND t.tag = ANY (l.tags) AND NOT t.tag = ANY (b.tags::text[])
      AND t.created = l.created AND t.id = b.run)`;
}
