/**
 * The statement of commits that delete their runs.
 *
 * @module
 */
import { checkedColumns, checks } from './checks.ts';
import { column } from './columns.ts';
import type { Statement } from './connection.ts';
import type { Entry } from './entries.ts';
import { Sql } from './sql.ts';
import type { Context } from './turn-statement.ts';

/** Answers with the place `n` of each run that is deleted: what is left of it is its id, for a time. */
export function removalStatement({ schema, wakeUps }: Context, entries: readonly Entry[]): Statement {
  const sql = new Sql();
  const batch = sql.relation('b', [
    ...checkedColumns(entries),
    column(
      'ms',
      'double precision',
      entries.map(({ commit }) => commit),
      ({ remove }) => remove,
    ),
  ]);
  const children = ['checkpoints', 'records', 'inbox', 'questions'].map(
    (table) => `old_${table} AS (DELETE FROM ${schema}.${table} x USING held h WHERE x.rid = h.rid)`,
  );
  const parts = [
    `batch AS (SELECT * FROM ${batch})`,
    `locked AS (
      SELECT b.n, b.ms, r.rid, r.id, r.tags, r.created FROM batch b JOIN ${schema}.runs r ON r.id = b.run
      WHERE ${checks(sql, schema, entries)}
      ORDER BY r.rid FOR UPDATE OF r)`,
    `held AS (
      UPDATE ${schema}.runs r SET rev = r.rev + 1, status = NULL, owner = NULL, due = NULL, tags = '{}', more = '',
        buried = now() + l.ms * interval '1 millisecond'
      FROM locked l WHERE r.rid = l.rid RETURNING l.n, r.rid, r.id)`,
    `old_tags AS (
      DELETE FROM ${schema}.tags t USING locked l
      WHERE t.tag = ANY (l.tags) AND t.created = l.created AND t.id = l.id)`,
    `old_question_tags AS (
      DELETE FROM ${schema}.question_tags t USING held h JOIN ${schema}.questions q ON q.rid = h.rid
      WHERE t.tag = ANY (q.tags) AND t.opened = q.opened AND t.id = q.id)`,
    ...children,
  ];
  const woken = wakeUps === undefined ? '' : `, ${wakeUps.never('h.id')} AS woken`;
  return sql.statement(`WITH ${parts.join(', ')} SELECT h.n${woken} FROM held h`);
}
