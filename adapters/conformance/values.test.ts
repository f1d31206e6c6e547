import { describe, expect, test } from 'vitest';
import { checkpoint, commit, creation, find, head, loaded, rowOf, turn } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('values', () => {
    const ids = [
      'Ünïcödé',
      '日本',
      '👩‍👩‍👧',
      "'; DROP TABLE runs; --",
      '%_*?',
      ' ',
      '\n',
      '__proto__',
      'a'.repeat(300),
    ];

    test.each(ids)('with the id %j are found under it and under no other', async (id) => {
      await commit(
        on.store,
        creation(id, { head: head({ tags: [id], machine: id, more: id }) }),
        creation('a'),
      );
      await commit(on.store, turn(id, 2, { put: [{ kind: 'event', key: id, value: id }] }));
      expect(await find(on.store, id)).toMatchObject({ run: id, tags: [id], machine: id, more: id, seq: 2 });
      expect(await rowOf(on.store, id, 'event', id)).toBe(id);
      expect((await on.store.runs({ tag: id, machine: id, limit: 9 })).map((run) => run.run)).toEqual([id]);
      expect(await loaded(on.store, 'a')).toEqual([1]);
    });

    test('of text come back as they were, NUL and invisible characters included', async () => {
      const body = 'a\0b 👩‍👩‍👧 \u{10ffff} \ufeff \u200d "\\\n';
      await commit(
        on.store,
        creation('r', { checkpoints: [checkpoint(1, { base: true, body, header: body })] }),
      );
      await commit(on.store, turn('r', 2, { checkpoints: [checkpoint(2, { body: '', header: '' })] }));
      expect(await on.store.load('r')).toEqual([
        checkpoint(1, { base: true, body, header: body }),
        checkpoint(2, { body: '', header: '' }),
      ]);
    });

    test('of bytes come back as they were, and are nobody else’s', async () => {
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      const view = bytes.subarray(3, 260);
      const expected = view.slice();
      await commit(
        on.store,
        creation('r', {
          put: [
            { kind: 'blob', key: 'view', value: view },
            { kind: 'blob', key: 'empty', value: new Uint8Array() },
          ],
        }),
      );
      bytes.fill(0);
      const first = (await rowOf(on.store, 'r', 'blob', 'view')) as Uint8Array;
      expect(first).toEqual(expected);
      expect(first.constructor).toBe(Uint8Array);
      first.fill(0);
      expect(await rowOf(on.store, 'r', 'blob', 'view')).toEqual(expected);
      expect(await rowOf(on.store, 'r', 'blob', 'empty')).toEqual(new Uint8Array());
    });

    test('of six megabytes are stored whole', async () => {
      const body = 'ü'.repeat(3 * 1024 * 1024);
      const value = new Uint8Array(6 * 1024 * 1024).fill(7);
      await commit(on.store, creation('r', { put: [{ kind: 'blob', key: 'b', value }] }));
      await commit(on.store, turn('r', 2, { checkpoints: [checkpoint(2, { body })] }));
      expect((await on.store.load('r'))[1]?.body === body).toBe(true);
      expect(Buffer.compare((await rowOf(on.store, 'r', 'blob', 'b')) as Uint8Array, value)).toBe(0);
      const [, summary] = await on.store.history('r', { limit: 2 });
      expect(summary?.bytes).toBeGreaterThanOrEqual(body.length);
    });

    test('are copies: nobody changes them from outside', async () => {
      const mine = { ...head(), tags: ['a'] };
      const row = { ...checkpoint(1, { base: true }) };
      await commit(on.store, creation('r', { head: mine, checkpoints: [row] }));
      mine.tags.push('b');
      row.body = 'changed';
      const found = (await find(on.store, 'r')) as unknown as { tags: string[] };
      found.tags.push('c');
      ((await on.store.load('r'))[0] as { body: string }).body = 'changed';
      expect((await find(on.store, 'r'))?.tags).toEqual(['a']);
      expect((await on.store.load('r'))[0]?.body).toBe('body 1');
    });
  });
});
