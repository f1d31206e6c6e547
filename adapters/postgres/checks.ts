/**
 * What must be so for a commit to be written.
 *
 * @module
 */
import { column, expectColumn } from './columns.ts';
import { askedBy, type Entry, every, places } from './entries.ts';
import type { Column, Sql } from './sql.ts';
import { ordered, stored } from './text.ts';

/** The columns of the relation `b` that `checks` looks at. */
export function checkedColumns(entries: readonly Entry[]): Column[] {
  const commits = entries.map(({ commit }) => commit);
  return [
    ['n', 'int', entries.map(({ n }) => n)],
    column('run', 'text', commits, ({ run }) => ordered(run)),
    column('owner', 'text', commits, ({ owner }) => stored(owner)),
    column('fence', 'bigint', commits, ({ fence }) => fence),
    ...(commits.some(isExpecting) ? [expectColumn(commits)] : []),
  ];
}

/** A condition on the run `r` and the commit `b`; `further` ones belong to it. */
export function checks(
  sql: Sql,
  schema: string,
  entries: readonly Entry[],
  further: readonly string[] = [],
): string {
  const required = [
    'r.fence = b.fence',
    `r.owner = (SELECT o.oid FROM ${schema}.owners o WHERE o.id = b.owner)`,
    // What was read beside the run is of before the wait for its lock: see `runs.rev` in schema.ts.
    `r.rev = (SELECT s.rev FROM ${schema}.runs s WHERE s.rid = r.rid)`,
    ...(entries.some(({ commit }) => isExpecting(commit)) ? ['(b.expect IS NULL OR r.seq = b.expect)'] : []),
    ...unless(sql, schema, entries),
    ...notAskedElsewhere(sql, schema, entries),
    ...further,
  ];
  // The server takes conditions for rare, and joins a batch of 1,000 as if it were one. Of a CASE it knows nothing.
  return `CASE WHEN ${required.join(' AND ')} THEN TRUE ELSE FALSE END`;
}

function isExpecting({ expect }: Entry['commit']): boolean {
  return expect !== undefined;
}

function unless(sql: Sql, schema: string, entries: readonly Entry[]): string[] {
  const ids = every(entries, ({ unless: given = [] }) => given);
  if (ids.length === 0) return [];
  const u = sql.relation('u', [
    ['n', 'int', places(ids)],
    ['id', 'text', ids.map(([, id]) => ordered(id))],
  ]);
  return [
    `NOT EXISTS (SELECT 1 FROM ${u} JOIN ${schema}.inbox i ON i.rid = r.rid AND i.id = u.id WHERE u.n = b.n)`,
  ];
}

function notAskedElsewhere(sql: Sql, schema: string, entries: readonly Entry[]): string[] {
  const asked = every(entries, askedBy);
  if (asked.length === 0) return [];
  const a = sql.relation('a', [
    ['n', 'int', places(asked)],
    ['id', 'text', asked.map(([, { id }]) => ordered(id))],
  ]);
  return [
    `NOT EXISTS (SELECT 1 FROM ${a} JOIN ${schema}.questions q ON q.id = a.id WHERE a.n = b.n AND q.rid <> r.rid)`,
  ];
}
