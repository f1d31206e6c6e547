import { beforeEach, describe, expect, test } from 'vitest';
import type { RowKind, RowScan } from '../../src/store.ts';
import { commit, creation, head, keysOf, minute, owner, puts, rowOf, statuses, turn } from './fixtures.ts';
import { onEachStore } from './stores.ts';

const kinds: RowKind[] = ['event', 'blob', 'step', 'outbox', 'asked', 'answer'];

onEachStore((on) => {
  describe.each(kinds)('rows of kind %s', (kind) => {
    beforeEach(() => commit(on.store, creation('r'), creation('s')));

    test('are ordered by key and belong to one run and one kind', async () => {
      await commit(on.store, puts('r', kind, 'b', 'c', 'a', 'B', 'a/1'));
      await commit(on.store, puts('s', kind, 'of s'));
      for (const other of kinds) {
        if (other !== kind) await commit(on.store, puts('r', other, `other ${other}`));
      }
      const keys = ['B', 'a', 'a/1', 'b', 'c'];
      expect(await on.store.rows('r', kind, {})).toEqual(
        keys.map((key) => ({ key, value: `value of ${key}` })),
      );
      expect(await keysOf(on.store, 's', kind)).toEqual(['of s']);
      expect(await keysOf(on.store, 'none', kind)).toEqual([]);
    });

    test.each<[RowScan, string[]]>([
      [{ key: 'a/1' }, ['a/1']],
      [{ key: 'a/' }, []],
      [{ key: '' }, ['']],
      [{ prefix: 'a' }, ['a', 'a/1', 'a/10', 'a/2', 'aa']],
      [{ prefix: 'a/' }, ['a/1', 'a/10', 'a/2']],
      [{ prefix: 'a/1' }, ['a/1', 'a/10']],
      [{ prefix: 'c' }, []],
      [{ prefix: 'a/', limit: 2 }, ['a/1', 'a/10']],
      [{ prefix: 'a/', after: 'a/1' }, ['a/10', 'a/2']],
      [{ prefix: 'a/', after: 'a' }, ['a/1', 'a/10', 'a/2']],
      [{ prefix: 'a/', after: 'b' }, []],
      [{ prefix: 'a/', after: 'a/10', limit: 1 }, ['a/2']],
      [{ key: 'a/1', prefix: 'a/' }, ['a/1']],
      [{ key: 'a/1', prefix: 'b' }, []],
      [{ key: 'a/1', after: 'a/1' }, []],
      [{ after: 'a/15' }, ['a/2', 'aa', 'b']],
      [{ after: 'b' }, []],
      [{ limit: 1 }, ['']],
      [{ limit: 0 }, []],
    ])('with %o are %j', async (scan, expected) => {
      await commit(on.store, puts('r', kind, 'b', 'aa', 'a/2', 'a/10', 'a/1', 'a', ''));
      expect(await keysOf(on.store, 'r', kind, scan)).toEqual(expected);
    });

    test('are ordered code unit by code unit, and found by prefixes of any characters', async () => {
      const characters = [
        'a',
        '\0',
        'é',
        'e\u0301',
        '\ud7ff',
        '\ue000',
        '\uffff',
        '😀',
        '\u{10ffff}',
        '%',
        '_',
      ];
      const keys = characters.flatMap((one) => [one, ...characters.map((other) => one + other)]).sort();
      await commit(on.store, puts('r', kind, ...keys.toReversed()));
      expect(await keysOf(on.store, 'r', kind)).toEqual(keys);
      for (const prefix of characters) {
        const found = keys.filter((key) => key.startsWith(prefix));
        expect(await keysOf(on.store, 'r', kind, { prefix })).toEqual(found);
        expect(await keysOf(on.store, 'r', kind, { prefix, after: found[4], limit: 3 })).toEqual(
          found.slice(5, 8),
        );
        expect(await keysOf(on.store, 'r', kind, { after: prefix, limit: 1 })).toEqual(
          keys.slice(keys.indexOf(prefix) + 1).slice(0, 1),
        );
        expect(await rowOf(on.store, 'r', kind, prefix)).toBe(`value of ${prefix}`);
      }
    });

    test('are written over, and dropped, alone and together with a checkpoint', async () => {
      const value = async (): Promise<unknown> => rowOf(on.store, 'r', kind, 'k');
      const put = (text: string) => ({ put: [{ kind, key: 'k', value: text }] });
      const drop = [{ kind, key: 'k' }];
      await commit(on.store, { run: 'r', owner, fence: 1, ...put('1') });
      await commit(on.store, { run: 'r', owner, fence: 1, ...put('2') });
      expect(await value()).toBe('2');
      await commit(on.store, turn('r', 2, put('3')));
      expect(await value()).toBe('3');
      await commit(on.store, { run: 'r', owner, fence: 1, ...put('4'), drop });
      expect(await value()).toBe('4');
      expect(await keysOf(on.store, 'r', kind)).toEqual(['k']);
      await commit(on.store, turn('r', 3, { drop }));
      expect(await value()).toBeUndefined();
      await commit(on.store, { run: 'r', owner, fence: 1, ...put('5') });
      expect(await on.store.rows('r', kind, {})).toEqual([{ key: 'k', value: '5' }]);
    });

    test('may be bytes', async () => {
      const value = Uint8Array.of(0, 1, 255);
      await commit(on.store, { run: 'r', owner, fence: 1, put: [{ kind, key: 'k', value }] });
      expect(await on.store.rows('r', kind, { prefix: 'k' })).toEqual([{ key: 'k', value }]);
    });

    test('that are all that a commit holds are written under its fence only', async () => {
      await on.store.lease('owner-2', minute);
      const stale = [{ fence: 0 }, { fence: 2 }, { owner: 'owner-2' }, { owner: 'nobody' }];
      for (const change of stale) {
        expect(await statuses(on.store, { ...puts('r', kind, 'k'), ...change })).toEqual(['fenced']);
        expect(await statuses(on.store, { ...puts('r', kind, 'k', 'l'), ...change })).toEqual(['fenced']);
      }
      expect(await statuses(on.store, puts('none', kind, 'k'))).toEqual(['fenced']);
      expect(await statuses(on.store, { ...puts('r', kind, 'k'), expect: 7 })).toEqual(['conflict']);
      expect(await keysOf(on.store, 'r', kind)).toEqual([]);
      await commit(on.store, turn('r', 2, { release: true }));
      expect(await statuses(on.store, puts('r', kind, 'k'))).toEqual(['fenced']);
      expect(await statuses(on.store, puts('s', kind, 'k', 'l'))).toEqual(['committed']);
    });

    test.each([2, 50])('are written in a batch of %i, whatever becomes of the others', async (n) => {
      const ids = Array.from({ length: n }, (_, i) => `run-${i}`);
      await commit(on.store, ...ids.map((id) => creation(id)));
      const batch = ids.map((id) => puts(id, kind, 'k', 'l'));
      batch[0] = { ...puts('run-0', kind, 'k', 'l'), fence: 9 };
      expect(await statuses(on.store, ...batch)).toEqual(['fenced', ...ids.slice(1).map(() => 'committed')]);
      expect(await keysOf(on.store, 'run-0', kind)).toEqual([]);
      for (const id of ids.slice(1)) expect(await keysOf(on.store, id, kind)).toEqual(['k', 'l']);
      await commit(on.store, ...ids.map((run): ReturnType<typeof puts> => puts(run, kind, 'k')));
      await commit(on.store, { ...puts('run-1', kind), drop: [{ kind, key: 'k' }] });
      expect(await keysOf(on.store, 'run-1', kind)).toEqual(['l']);
    });

    test('are the last ones written, however often', async () => {
      const others = Array.from({ length: 4 }, (_, i) => `other-${i}`);
      await commit(on.store, ...others.map((id) => creation(id)));
      await commit(on.store, puts('r', kind, 'kept'));
      for (let i = 0; i < 3000; i++) {
        const own = { ...puts('r', kind), put: [{ kind, key: `k${i % 3}`, value: String(i) }] };
        if (i % 7 === 0) await commit(on.store, own, ...others.map((id) => puts(id, kind, 'k')));
        else await commit(on.store, own);
      }
      expect(await on.store.rows('r', kind, {})).toEqual([
        { key: 'k0', value: '2997' },
        { key: 'k1', value: '2998' },
        { key: 'k2', value: '2999' },
        { key: 'kept', value: 'value of kept' },
      ]);
    });
  });

  test('a head beside rows is written with them', async () => {
    await commit(on.store, creation('r'));
    await commit(on.store, { ...puts('r', 'step', 'k'), head: head({ status: 'idle' }) });
    expect(await on.store.runs({ run: 'r', limit: 1 })).toMatchObject([{ status: 'idle', seq: 1 }]);
    expect(await keysOf(on.store, 'r', 'step')).toEqual(['k']);
  });
});
