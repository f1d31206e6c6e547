/**
 * What a commit deletes beside its run: parts of a WITH. Each of them joins `held h`, the runs that may be
 * written, by the place `n` of a commit in its batch.
 *
 * @module
 */
import { askedBy, byKey, type Entry, every, nameOf, places } from './entries.ts';
import type { Sql } from './sql.ts';
import { arrayOf, ordered } from './text.ts';

/** What is deleted. No table comes twice, and nothing is deleted that `writesOf` writes. */
export function deletesOf(sql: Sql, schema: string, entries: readonly Entry[]): string[] {
  const parts: string[] = [];
  const cut = entries.filter(({ commit }) => commit.dropBefore !== undefined);
  if (cut.length > 0) {
    const d = sql.relation('d', [
      ['n', 'int', cut.map(({ n }) => n)],
      ['low', 'bigint', cut.map(({ commit }) => commit.dropFrom ?? 0)],
      ['high', 'bigint', cut.map(({ commit }) => commit.dropBefore)],
    ]);
    parts.push(`old_checkpoints AS (
      DELETE FROM ${schema}.checkpoints c USING held h JOIN ${d} ON d.n = h.n
      WHERE c.rid = h.rid AND c.seq >= d.low AND c.seq < d.high)`);
  }
  const dropped = every(entries, ({ put = [], drop = [] }) => {
    const again = byKey(put);
    return drop.filter((row) => !again.has(nameOf(row)));
  });
  if (dropped.length > 0) {
    const d = sql.relation('d', [
      ['n', 'int', places(dropped)],
      ['kind', 'text', dropped.map(([, { kind }]) => kind)],
      ['key', 'text', dropped.map(([, { key }]) => ordered(key))],
    ]);
    parts.push(`old_records AS (
      DELETE FROM ${schema}.records r USING held h JOIN ${d} ON d.n = h.n
      WHERE r.rid = h.rid AND r.kind = d.kind AND r.key = d.key)`);
  }
  const taken = every(entries, ({ take = [] }) => take);
  if (taken.length > 0) {
    const t = sql.relation('t', [
      ['n', 'int', places(taken)],
      ['id', 'text', taken.map(([, id]) => ordered(id))],
    ]);
    parts.push(
      `taken AS (SELECT * FROM ${t})`,
      `old_messages AS (
      DELETE FROM ${schema}.inbox i USING held h JOIN taken t ON t.n = h.n WHERE i.rid = h.rid AND i.id = t.id)`,
    );
  }
  const closed = every(entries, ({ ask = [], close = [] }) => {
    const again = new Set(ask.map(({ id }) => id));
    return close.filter((id) => !again.has(id));
  });
  if (closed.length > 0) {
    const c = sql.relation('c', [
      ['n', 'int', places(closed)],
      ['id', 'text', closed.map(([, id]) => ordered(id))],
    ]);
    parts.push(
      `closed AS (SELECT * FROM ${c})`,
      `old_questions AS (
      DELETE FROM ${schema}.questions q USING held h JOIN closed c ON c.n = h.n WHERE q.rid = h.rid AND q.id = c.id)`,
    );
  }
  const asked = every(entries, askedBy);
  if (closed.length > 0 || asked.length > 0) {
    const touched =
      closed.length > 0 ? ['SELECT n, id, NULL::double precision AS opened, NULL AS tags FROM closed'] : [];
    if (asked.length > 0) {
      const a = sql.relation('a', [
        ['n', 'int', places(asked)],
        ['id', 'text', asked.map(([, { id }]) => ordered(id))],
        ['opened', 'double precision', asked.map(([, { opened }]) => opened)],
        ['tags', 'text', asked.map(([, { tags }]) => arrayOf(tags))],
      ]);
      touched.push(`SELECT n, id, opened, tags FROM ${a}`);
    }
    parts.push(`old_question_tags AS (
      DELETE FROM ${schema}.question_tags t
      USING held h JOIN (${touched.join(' UNION ALL ')}) AS u ON u.n = h.n
        JOIN ${schema}.questions q ON q.id = u.id AND q.rid = h.rid
      WHERE t.tag = ANY (q.tags) AND t.opened = q.opened AND t.id = q.id
        AND (u.opened IS NULL OR u.opened <> q.opened OR NOT t.tag = ANY (u.tags::text[])))`);
  }
  return parts;
}
