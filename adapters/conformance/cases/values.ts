/** What comes back is what was given. */
import type { QuestionScan, RunScan } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  leave,
  loaded,
  minute,
  owner,
  puts,
  question,
  questionIds,
  rowOf,
  runIds,
  turn,
} from '../fixtures.ts';
import { oddIds } from '../samples.ts';

export const values: CaseGroup = group('values', (it) => {
  it('are found under their ids and under no other, whatever the characters', async ({ store }) => {
    await commit(store, creation('a'));
    for (const id of oddIds) {
      const about = JSON.stringify(id);
      const own = { tags: [id], machine: id, version: id, more: id };
      await commit(store, creation(id, { head: head(own) }));
      await commit(store, turn(id, 2, { put: [{ kind: 'event', key: id, value: id }] }));
      contains(await find(store, id), { run: id, ...own, seq: 2 }, about);
      equal(await rowOf(store, id, 'event', id), id, about);
      equal(await runIds(store, { tag: id, machine: id }), [id], about);
      equal(await loaded(store, id), [1, 2], about);
    }
    equal(await loaded(store, 'a'), [1]);
    equal((await runIds(store)).sort(), ['a', ...oddIds].sort());
  });

  it('with ids of one beginning, or in capitals, are not mixed up', async ({ store }) => {
    const ids = ['r', 'r/', 'r/1', 'r/10', 'R', 'r ', 'r\0', 'r%', 'é', 'e\u0301'];
    await commit(store, ...ids.map((id) => creation(id, { head: head({ more: id }) })));
    await commit(store, ...ids.map((id) => ({ ...puts(id, 'step', id) })));
    for (const id of ids) {
      contains(await find(store, id), { more: id }, JSON.stringify(id));
      const rows = await store.rows(id, 'step', {});
      equal(rows, [{ key: id, value: `value of ${id}` }], JSON.stringify(id));
    }
    equal((await runIds(store)).sort(), ids.toSorted());
  });

  it('with odd ids are paged through completely', async ({ store }) => {
    await commit(store, ...oddIds.map((id) => creation(id, { ask: [question(id)] })));
    const runs: string[] = [];
    for (let after: RunScan['after']; runs.length <= oddIds.length;) {
      const [next] = await store.runs({ after, limit: 1 });
      if (next === undefined) break;
      runs.push(next.run);
      after = { createdAt: next.createdAt, run: next.run };
    }
    equal(runs.sort(), oddIds.toSorted());
    const questions: string[] = [];
    for (let after: QuestionScan['after']; questions.length <= oddIds.length;) {
      const [next] = await store.questions({ after, limit: 1 });
      if (next === undefined) break;
      questions.push(next.id);
      after = { opened: next.opened, id: next.id };
    }
    equal(questions.sort(), oddIds.toSorted());
  });

  it('of owners may have any characters', async ({ store }) => {
    for (const id of oddIds) {
      await store.lease(id, minute);
      await commit(store, creation(`of ${id}`, { owner: id }));
      equal(await runIds(store, { owner: id }), [`of ${id}`], JSON.stringify(id));
    }
    equal(await runIds(store, { owner }), []);
  });

  it('of text come back as they were, NUL and invisible characters included', async ({ store }) => {
    const text = 'a\0b 👩‍👩‍👧 \u{10ffff} \ufeff \u200d "\\\n\0';
    const first = checkpoint(1, { base: true, body: text, header: text });
    const put = [{ kind: 'event', key: 'e', value: text }] as const;
    const ask = [question('r/q', { value: text })];
    await commit(store, creation('r', { checkpoints: [first], head: head({ more: text }), put, ask }));
    await commit(store, turn('r', 2, { checkpoints: [checkpoint(2, { body: '', header: '' })] }));
    equal(await store.load('r'), [first, checkpoint(2, { body: '', header: '' })]);
    contains(await find(store, 'r'), { more: text });
    equal(await rowOf(store, 'r', 'event', 'e'), text);
    equal((await store.questions({ run: 'r', limit: 1 }))[0]?.value, text);
    await store.enqueue('r', { id: 'm', value: text });
    equal(await store.rows('r', 'inbox', {}), [{ key: 'm', value: text }]);
  });

  it('of no text come back as they were', async ({ store }) => {
    await commit(store, creation('r', { head: head({ more: '', version: '', tags: [''] }) }));
    contains(await find(store, 'r'), { more: '', version: '', tags: [''] });
    await commit(store, { run: 'r', owner, fence: 1, put: [{ kind: 'step', key: '', value: '' }] });
    equal(await store.rows('r', 'step', {}), [{ key: '', value: '' }]);
    equal(await store.enqueue('r', { id: 'm', value: '' }), { status: 'queued' });
    equal(await store.enqueue('r', { id: 'm', value: 'x' }), { status: 'known', value: '' });
  });

  it('of time come back as they were, far ones and fractions of a millisecond included', async ({
    store,
  }) => {
    const times = [0, 0.5, 1_700_000_000_000.25, Date.UTC(9999, 11, 31), Number.MAX_SAFE_INTEGER];
    for (const [i, time] of times.entries()) {
      const run = `r${i}`;
      const checkpoints = [checkpoint(1, { base: true, time })];
      const ask = [question(`${run}/q`, { opened: time })];
      await commit(store, creation(run, { head: head({ createdAt: time, due: time }), checkpoints, ask }));
      contains(await find(store, run), { createdAt: time, due: time, updatedAt: time });
      equal(await store.load(run), checkpoints);
      equal((await store.questions({ run, limit: 1 }))[0]?.opened, time);
      equal((await runIds(store, { dueTo: time })).at(-1), run, `due at ${time}`);
      equal(await runIds(store, { createdFrom: time }), [run], `started at ${time}`);
    }
    equal(await runIds(store), ['r0', 'r1', 'r2', 'r3', 'r4']);
    equal(await questionIds(store), ['r0/q', 'r1/q', 'r2/q', 'r3/q', 'r4/q']);
    equal(await runIds(store, { after: { createdAt: 0.5, run: 'r1' } }), ['r2', 'r3', 'r4']);
  });

  it('of tags keep their order', async ({ store }) => {
    const tags = ['b', 'a', 'ü', 'c'];
    await commit(store, creation('r', { head: head({ tags }) }));
    contains(await find(store, 'r'), { tags });
    for (const tag of tags) equal(await runIds(store, { tag }), ['r'], tag);
  });

  it('of bytes come back as they were, and are nobody else’s', async ({ store }) => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
    const view = bytes.subarray(3, 260);
    const expected = view.slice();
    const put = [
      { kind: 'blob', key: 'view', value: view },
      { kind: 'blob', key: 'empty', value: new Uint8Array() },
    ] as const;
    await commit(store, creation('r', { put }));
    bytes.fill(0);
    const first = (await rowOf(store, 'r', 'blob', 'view')) as Uint8Array;
    equal(first, expected);
    equal(first.constructor === Uint8Array, true, 'a plain Uint8Array');
    first.fill(0);
    equal(await rowOf(store, 'r', 'blob', 'view'), expected, 'read again');
    equal(await rowOf(store, 'r', 'blob', 'empty'), new Uint8Array());
  });

  it('are copies: nobody changes them from outside', async ({ store }) => {
    const mine = { ...head(), tags: ['a'] };
    const row = { ...checkpoint(1, { base: true }) };
    await commit(store, creation('r', { head: mine, checkpoints: [row] }));
    mine.tags.push('b');
    row.body = 'changed';
    const found = (await find(store, 'r')) as unknown as { tags: string[] };
    found.tags.push('c');
    ((await store.load('r'))[0] as { body: string }).body = 'changed';
    contains(await find(store, 'r'), { tags: ['a'] });
    equal((await store.load('r'))[0]?.body, 'body 1');
    await leave(store, 'r', 'm');
    const [message] = await store.rows('r', 'inbox', {});
    (message as { value: string }).value = 'changed';
    equal((await store.rows('r', 'inbox', {}))[0]?.value, 'value of m');
  });
});
