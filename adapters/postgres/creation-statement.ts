/**
 * The statement of commits that create their runs.
 *
 * @module
 */
import { column, headColumns, seqColumns } from './columns.ts';
import type { Statement } from './connection.ts';
import type { Entry } from './entries.ts';
import { Sql } from './sql.ts';
import { ordered, stored } from './text.ts';
import type { Context } from './turn-statement.ts';
import { afterCommit } from './wake-ups.ts';
import { tagWrites, writesOf } from './writes.ts';

/**
 * Answers with the place `n` of each commit that is written. The one index of ids decides who is first. A
 * row that is left of a deleted run is used again when it has had its time.
 */
export function creationStatement({ schema, wakeUps }: Context, entries: readonly Entry[]): Statement {
  const sql = new Sql();
  const commits = entries.map(({ commit }) => commit);
  const batch = sql.relation('b', [
    ['n', 'int', entries.map(({ n }) => n)],
    column('run', 'text', commits, ({ run }) => ordered(run)),
    column('owner', 'text', commits, ({ owner }) => stored(owner)),
    column('fence', 'bigint', commits, ({ fence }) => fence),
    column('released', 'boolean', commits, ({ release }) => release === true),
    column('created', 'double precision', commits, ({ head }) => head?.createdAt),
    ...seqColumns(commits),
    ...headColumns(commits),
  ]);
  const parts = [
    `batch AS (SELECT * FROM ${batch})`,
    `made AS (
      INSERT INTO ${schema}.runs AS r
        (id, fence, owner, rev, seq, updated, machine, version, status, due, created, tags, more)
      SELECT b.run, b.fence, CASE WHEN b.released THEN NULL ELSE o.oid END, 1, coalesce(b.seq, 0),
        coalesce(b.time, b.created), b.machine, b.version, b.status, b.due, b.created, b.tags::text[], b.more
      FROM batch b JOIN ${schema}.owners o ON o.id = b.owner ORDER BY b.run
      ON CONFLICT (id) DO UPDATE SET fence = excluded.fence, owner = excluded.owner, rev = r.rev + 1,
        seq = excluded.seq, updated = excluded.updated, machine = excluded.machine, version = excluded.version,
        status = excluded.status, due = excluded.due, created = excluded.created, tags = excluded.tags,
        more = excluded.more, buried = NULL
      WHERE r.status IS NULL AND r.buried <= now()
      RETURNING rid, id, created, status, due)`,
    'held AS (SELECT b.n, m.*, TRUE AS wakes FROM made m JOIN batch b ON b.run = m.id)',
    ...tagWrites(sql, schema, entries),
    ...writesOf(sql, schema, entries),
  ];
  const woken = wakeUps === undefined ? '' : `, ${afterCommit(wakeUps, schema, false)} AS woken`;
  return sql.statement(`WITH ${parts.join(', ')} SELECT h.n${woken} FROM held h`);
}
