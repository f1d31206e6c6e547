import { beforeEach, describe, expect, test } from 'vitest';
import type { RowScan } from '../../src/store.ts';
import {
  commit,
  creation,
  find,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  question,
  questionIds,
  rowOf,
  sleep,
  statuses,
  turn,
  removal,
} from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  const leave = async (run: string, ...ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      expect(await on.store.enqueue(run, { id, value: `value of ${id}` })).toEqual({ status: 'queued' });
    }
  };
  const waiting = (run: string, scan?: RowScan): Promise<string[]> => keysOf(on.store, run, 'inbox', scan);

  describe('an inbox', () => {
    beforeEach(() => commit(on.store, creation('r'), creation('s')));

    test('has messages in the order in which they came', async () => {
      await leave('r', 'c', 'a', 'b');
      await leave('s', 'of s');
      await leave('r', 'B');
      expect(await on.store.rows('r', 'inbox', {})).toEqual(
        ['c', 'a', 'b', 'B'].map((key) => ({ key, value: `value of ${key}` })),
      );
      expect(await waiting('s')).toEqual(['of s']);
      expect(await waiting('none')).toEqual([]);
    });

    test.each<[RowScan, string[]]>([
      [{ key: 'b/1' }, ['b/1']],
      [{ key: 'b/' }, []],
      [{ key: 'b/1', after: 'a' }, ['b/1']],
      [{ key: 'a', after: 'b/1' }, []],
      [{ limit: 2 }, ['c', 'b/2']],
      [{ limit: 0 }, []],
      [{ after: 'b/2' }, ['a', 'b/1', 'b😀']],
      [{ after: 'b/2', limit: 1 }, ['a']],
      [{ after: 'b😀' }, []],
      [{ after: 'gone' }, ['c', 'b/2', 'a', 'b/1', 'b😀']],
      [{ prefix: 'b' }, ['b/2', 'b/1', 'b😀']],
      [{ prefix: 'b/' }, ['b/2', 'b/1']],
      [{ prefix: 'b', after: 'b/2' }, ['b/1', 'b😀']],
    ])('read with %o gives %j', async (scan, expected) => {
      await leave('r', 'c', 'b/2', 'a', 'b/1', 'b😀');
      expect(await waiting('r', scan)).toEqual(expected);
    });

    test('keeps a message once, and tells what is known under its id', async () => {
      await leave('r', 'm');
      expect(await on.store.enqueue('r', { id: 'm', value: 'another' })).toEqual({
        status: 'known',
        value: 'value of m',
      });
      expect(await on.store.rows('r', 'inbox', {})).toEqual([{ key: 'm', value: 'value of m' }]);
      await leave('s', 'm');
    });

    test('takes no message where the row that is named is there, and tells its value', async () => {
      const receipt = { kind: 'event', key: 'm' } as const;
      const put = [{ ...receipt, value: 'receipt' }];
      await commit(on.store, turn('r', 2, { put }));
      const message = { id: 'm', value: 'v' };
      expect(await on.store.enqueue('r', message, receipt)).toEqual({ status: 'known', value: 'receipt' });
      expect(await waiting('r')).toEqual([]);
      expect(await on.store.enqueue('r', message, { kind: 'event', key: 'n' })).toEqual({ status: 'queued' });
      expect(await on.store.enqueue('r', message, receipt)).toEqual({ status: 'known', value: 'v' });
      expect(await on.store.enqueue('s', message, receipt)).toEqual({ status: 'queued' });
      expect(await on.store.enqueue('s', { id: 'a', value: '' }, { kind: 'step', key: 'k' })).toEqual({
        status: 'queued',
      });
    });

    test('needs no lease and no fence: the run may be held by anyone', async () => {
      await commit(on.store, turn('r', 2, { release: true }));
      await leave('r', 'free');
      await on.store.lease('owner-2', minute);
      await on.store.acquire('r', 'owner-2');
      await leave('r', 'held');
      expect(await waiting('r')).toEqual(['free', 'held']);
    });

    test('is there for a run that exists, and for no other', async () => {
      const message = { id: 'm', value: '' };
      expect(await on.store.enqueue('none', message)).toEqual({ status: 'missing' });
      await leave('r', 'm');
      await commit(on.store, removal('r', { remove: 400 }));
      expect(await on.store.enqueue('r', message)).toEqual({ status: 'deleted' });
      expect(await waiting('r')).toEqual([]);
      await sleep(420);
      expect(await on.store.enqueue('r', message)).toEqual({ status: 'missing' });
      await commit(on.store, creation('r'));
      expect(await waiting('r')).toEqual([]);
      await leave('r', 'm');
    });

    test.each([
      'Ünïcödé',
      '日本',
      '👩‍👩‍👧',
      "'; DROP TABLE inbox; --",
      '%_*?',
      ' ',
      '\n',
      '\0',
      '\uffff',
      'a'.repeat(300),
    ])('finds the message %j under its id and under no other', async (id) => {
      await leave('r', 'first', id, 'last');
      expect(await on.store.enqueue('r', { id, value: '' })).toMatchObject({ status: 'known' });
      expect(await waiting('r')).toEqual(['first', id, 'last']);
      expect(await on.store.rows('r', 'inbox', { key: id })).toEqual([{ key: id, value: `value of ${id}` }]);
      await commit(on.store, turn('r', 2, { take: [id] }));
      expect(await waiting('r')).toEqual(['first', 'last']);
    });
  });

  describe('a commit that takes messages', () => {
    beforeEach(async () => {
      await commit(on.store, creation('r'), creation('s'));
      await leave('r', 'a', 'b', 'c');
      await leave('s', 'a');
    });

    test('leaves the others of the run, in their order, and those of other runs', async () => {
      await commit(on.store, turn('r', 2, { take: ['b', 'none'] }));
      expect(await waiting('r')).toEqual(['a', 'c']);
      await commit(on.store, { run: 'r', owner, fence: 1, take: ['c', 'a'] });
      expect(await waiting('r')).toEqual([]);
      expect(await waiting('s')).toEqual(['a']);
    });

    test('makes room for a message with the same id, behind those that wait', async () => {
      await commit(on.store, turn('r', 2, { take: ['c'] }));
      await leave('r', 'd');
      await commit(on.store, turn('r', 3, { take: ['a'] }));
      await leave('r', 'a', 'c');
      expect(await waiting('r')).toEqual(['b', 'd', 'a', 'c']);
    });

    test('leaves them all where it is refused', async () => {
      expect(await statuses(on.store, turn('r', 2, { take: ['a'], fence: 9 }))).toEqual(['fenced']);
      expect(await statuses(on.store, turn('r', 9, { take: ['a'] }))).toEqual(['conflict']);
      expect(await waiting('r')).toEqual(['a', 'b', 'c']);
    });
  });

  describe('a commit that yields to a message', () => {
    const full = {
      head: head({ status: 'done', machine: 'x' }),
      put: [{ kind: 'event', key: 'e', value: '' }],
      ask: [question('r/q')],
      take: ['a'],
      release: true,
      unless: ['m'],
    } as const;

    beforeEach(() => commit(on.store, creation('r'), creation('s'), creation('t')));

    test('writes nothing where it waits, and is given it', async () => {
      await leave('r', 'a', 'm');
      expect(await on.store.commit([turn('r', 2, full)])).toEqual([
        { status: 'taken', message: { id: 'm', value: 'value of m' } },
      ]);
      expect(await loaded(on.store, 'r')).toEqual([1]);
      expect(await find(on.store, 'r')).toMatchObject({ seq: 1, status: 'running', machine: 'refund' });
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBeUndefined();
      expect(await questionIds(on.store)).toEqual([]);
      expect(await waiting('r')).toEqual(['a', 'm']);
      expect(await statuses(on.store, turn('r', 2))).toEqual(['committed']);
    });

    test('writes everything where it does not', async () => {
      await leave('r', 'a');
      await leave('s', 'm');
      expect(await statuses(on.store, turn('r', 2, full))).toEqual(['committed']);
      expect(await loaded(on.store, 'r')).toEqual([1, 2]);
      expect(await waiting('r')).toEqual([]);
      expect(await questionIds(on.store)).toEqual(['r/q']);
    });

    test.each([{}, { put: [{ kind: 'step', key: 'k', value: '' }] as const }])(
      'yields though it holds little: %j',
      async (change) => {
        await leave('r', 'm');
        expect(await statuses(on.store, turn('r', 2, { unless: ['m'] }))).toEqual(['taken']);
        expect(await statuses(on.store, { run: 'r', owner, fence: 1, unless: ['m'], ...change })).toEqual([
          'taken',
        ]);
        expect(await loaded(on.store, 'r')).toEqual([1]);
        expect(await keysOf(on.store, 'r', 'step')).toEqual([]);
      },
    );

    test('does not keep others of its batch from being written', async () => {
      await leave('r', 'm');
      await leave('s', 'a');
      const batch = [
        turn('s', 2, { take: ['a'] }),
        turn('r', 2, full),
        turn('t', 2, { unless: ['m'] }),
        turn('s', 3),
        creation('new', { unless: ['m'] }),
      ];
      expect(await statuses(on.store, ...batch)).toEqual([
        'committed',
        'taken',
        'committed',
        'committed',
        'committed',
      ]);
      expect(await loaded(on.store, 'r')).toEqual([1]);
      expect(await loaded(on.store, 's')).toEqual([1, 2, 3]);
      expect(await waiting('s')).toEqual([]);
    });

    test('is fenced or in conflict first', async () => {
      await leave('r', 'm');
      expect(await statuses(on.store, turn('r', 2, { unless: ['m'], fence: 9 }))).toEqual(['fenced']);
      expect(await statuses(on.store, turn('r', 9, { unless: ['m'] }))).toEqual(['conflict']);
    });
  });
});
