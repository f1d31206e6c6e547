import { beforeEach, describe, expect, test } from 'vitest';
import type { QuestionScan, RunCommit } from '../../src/store.ts';
import { commit, creation, owner, question, questionIds, statuses, turn, removal } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  const asking = (run: string, change: Partial<RunCommit>): RunCommit => ({
    run,
    owner,
    fence: 1,
    ...change,
  });

  describe('questions', () => {
    beforeEach(async () => {
      await commit(
        on.store,
        creation('r', {
          ask: [
            question('r/b', { assignee: 'ann', tags: ['x', 'y'], opened: 2000 }),
            question('r/a', { assignee: 'bob', tags: ['x'], opened: 2000 }),
          ],
        }),
        creation('s', {
          ask: [
            question('s/1', { machine: 'order', assignee: 'ann', opened: 1000 }),
            question('s/2', { machine: 'order', tags: ['y', 'x'], opened: 3000 }),
          ],
        }),
        creation('t'),
      );
      await commit(on.store, turn('t', 2, { ask: [question('t/1', { tags: ['x'], opened: 2000 })] }));
    });

    test('are listed with all that they hold', async () => {
      expect(await on.store.questions({ run: 'r', limit: 9 })).toEqual([
        { ...question('r/a', { assignee: 'bob', tags: ['x'], opened: 2000 }), run: 'r' },
        { ...question('r/b', { assignee: 'ann', tags: ['x', 'y'], opened: 2000 }), run: 'r' },
      ]);
      expect(await on.store.questions({ id: 't/1', limit: 9 })).toEqual([
        { ...question('t/1', { tags: ['x'], opened: 2000 }), run: 't' },
      ]);
    });

    test.each<[Partial<QuestionScan>, string[]]>([
      [{}, ['s/1', 'r/a', 'r/b', 't/1', 's/2']],
      [{ limit: 2 }, ['s/1', 'r/a']],
      [{ limit: 0 }, []],
      [{ id: 'r/b' }, ['r/b']],
      [{ id: 'r/' }, []],
      [{ id: 'r/b', run: 's' }, []],
      [{ id: 'r/b', tag: 'y', assignee: 'ann', machine: 'refund', run: 'r' }, ['r/b']],
      [{ run: 's' }, ['s/1', 's/2']],
      [{ run: 'none' }, []],
      [{ machine: 'order' }, ['s/1', 's/2']],
      [{ machine: 'refund', limit: 2 }, ['r/a', 'r/b']],
      [{ machine: 'none' }, []],
      [{ assignee: 'ann' }, ['s/1', 'r/b']],
      [{ assignee: 'ann', machine: 'refund' }, ['r/b']],
      [{ assignee: 'nobody' }, []],
      [{ tag: 'x' }, ['r/a', 'r/b', 't/1', 's/2']],
      [{ tag: 'y' }, ['r/b', 's/2']],
      [{ tag: 'x', run: 's' }, ['s/2']],
      [{ tag: 'x', machine: 'refund', assignee: 'bob' }, ['r/a']],
      [{ tag: 'none' }, []],
      [{ openedTo: 2000 }, ['s/1']],
      [{ openedTo: 2001, tag: 'x' }, ['r/a', 'r/b', 't/1']],
      [{ openedTo: 2001, machine: 'order' }, ['s/1']],
      [{ after: { opened: 2000, id: 'r/a' } }, ['r/b', 't/1', 's/2']],
      [{ after: { opened: 2000, id: 'r/a' }, tag: 'x', limit: 2 }, ['r/b', 't/1']],
      [{ after: { opened: 2000, id: 'closed' }, openedTo: 3000 }, ['r/a', 'r/b', 't/1']],
      [{ after: { opened: 3000, id: 's/2' } }, []],
    ])('with %o are %j', async (scan, expected) => {
      expect(await questionIds(on.store, scan)).toEqual(expected);
    });

    test.each<Partial<QuestionScan>>([
      {},
      { tag: 'x' },
      { machine: 'refund' },
      { assignee: 'ann' },
      { run: 'r' },
    ])('page by page are the same as at once, where some opened at one time: %o', async (scan) => {
      const paged: string[] = [];
      for (let after: QuestionScan['after']; ;) {
        const [next] = await on.store.questions({ ...scan, after, limit: 1 });
        if (next === undefined) break;
        paged.push(next.id);
        after = { opened: next.opened, id: next.id };
      }
      expect(paged).toEqual(await questionIds(on.store, scan));
    });

    test('that are closed are found no longer, by whatever means', async () => {
      await commit(on.store, turn('r', 2, { close: ['r/b', 'none'] }));
      for (const scan of [{}, { run: 'r' }, { machine: 'refund' }, { assignee: 'ann' }, { tag: 'x' }]) {
        expect(await questionIds(on.store, scan)).not.toContain('r/b');
      }
      expect(await questionIds(on.store, { id: 'r/b' })).toEqual([]);
      expect(await questionIds(on.store, { tag: 'y' })).toEqual(['s/2']);
    });

    test('are closed by their own run only', async () => {
      await commit(on.store, asking('s', { close: ['r/a', 's/1'] }));
      expect(await questionIds(on.store)).toEqual(['r/a', 'r/b', 't/1', 's/2']);
    });

    test('replace the open one with their id, with all that it held', async () => {
      const changed = question('r/b', { machine: 'other', assignee: 'eve', tags: ['z'], opened: 5000 });
      await commit(on.store, asking('r', { ask: [changed] }));
      expect(await on.store.questions({ run: 'r', assignee: 'eve', limit: 9 })).toEqual([
        { ...changed, run: 'r' },
      ]);
      expect(await questionIds(on.store)).toEqual(['s/1', 'r/a', 't/1', 's/2', 'r/b']);
      expect(await questionIds(on.store, { assignee: 'ann' })).toEqual(['s/1']);
      expect(await questionIds(on.store, { tag: 'y' })).toEqual(['s/2']);
      expect(await questionIds(on.store, { tag: 'z' })).toEqual(['r/b']);
      expect(await questionIds(on.store, { machine: 'other' })).toEqual(['r/b']);
    });

    test('may be asked anew by the commit that closes them', async () => {
      await commit(on.store, asking('r', { close: ['r/a'], ask: [question('r/a', { opened: 9 })] }));
      expect(await on.store.questions({ run: 'r', limit: 1 })).toMatchObject([{ id: 'r/a', opened: 9 }]);
    });

    test('are not taken over from another run: its commit fails and writes nothing', async () => {
      const [outcome, other] = await on.store.commit([
        turn('s', 2, { ask: [question('s/3'), question('r/a')], close: ['s/1'] }),
        turn('t', 3),
      ]);
      expect(outcome).toMatchObject({ status: 'failed', retry: false });
      expect(other).toEqual({ status: 'committed' });
      expect(await questionIds(on.store, { run: 's' })).toEqual(['s/1', 's/2']);
      expect(await questionIds(on.store, { id: 'r/a', run: 'r' })).toEqual(['r/a']);
    });

    test('neither open nor close in a commit that is refused', async () => {
      const change = { ask: [question('r/c')], close: ['r/a'] };
      expect(await statuses(on.store, turn('r', 2, { ...change, fence: 9 }))).toEqual(['fenced']);
      expect(await statuses(on.store, turn('r', 9, change))).toEqual(['conflict']);
      expect(await questionIds(on.store, { run: 'r' })).toEqual(['r/a', 'r/b']);
    });

    test('go with their run, and those of others stay', async () => {
      await commit(on.store, removal('r'));
      expect(await questionIds(on.store)).toEqual(['s/1', 't/1', 's/2']);
      for (const scan of [{ run: 'r' }, { assignee: 'bob' }, { id: 'r/a' }]) {
        expect(await questionIds(on.store, scan)).toEqual([]);
      }
      expect(await questionIds(on.store, { tag: 'x' })).toEqual(['t/1', 's/2']);
      await commit(on.store, turn('t', 3, { ask: [question('r/a', { tags: ['x'] })] }));
      expect(await questionIds(on.store, { tag: 'x', run: 't' })).toEqual(['t/1', 'r/a']);
    });

    test('are copies: nobody changes them from outside', async () => {
      const tags = ['mine'];
      await commit(on.store, asking('t', { ask: [question('t/2', { tags })] }));
      tags.push('later');
      const [found] = await on.store.questions({ id: 't/2', limit: 1 });
      (found as unknown as { tags: string[] }).tags.push('later');
      expect(await on.store.questions({ id: 't/2', limit: 1 })).toMatchObject([{ tags: ['mine'] }]);
    });
  });

  test.each(['Ünïcödé', '日本', '👩‍👩‍👧', "'; DROP TABLE questions; --", '%_*?', ' ', '\n', 'a'.repeat(300)])(
    'the question %j is found under its id and under no other',
    async (id) => {
      const asked = question(id, { machine: id, assignee: id, tags: [id], value: id });
      await commit(on.store, creation(id, { ask: [asked, question('other')] }));
      for (const scan of [{ id }, { machine: id }, { assignee: id }, { tag: id }]) {
        expect(await on.store.questions({ ...scan, limit: 9 })).toEqual([{ ...asked, run: id }]);
      }
      expect(await questionIds(on.store, { run: id })).toHaveLength(2);
    },
  );
});
