/** Questions that open and close. */
import type { RunCommit } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, owner, question, questionIds, removal, statuses, turn } from '../fixtures.ts';
import { oddIds, someQuestions } from '../samples.ts';

const asking = (run: string, change: Partial<RunCommit>): RunCommit => ({ run, owner, fence: 1, ...change });

export const questions: CaseGroup = group('questions', (it) => {
  const on: typeof it = (name, body) =>
    it(name, async (place) => {
      await commit(place.store, ...someQuestions);
      await body(place);
    });

  on('are listed with all that they hold', async ({ store }) => {
    equal(await store.questions({ run: 'r', limit: 9 }), [
      { ...question('r/a', { assignee: 'bob', tags: ['x'], opened: 2000 }), run: 'r' },
      { ...question('r/b', { assignee: 'ann', tags: ['x', 'y'], opened: 2000 }), run: 'r' },
    ]);
    const [found] = await store.questions({ id: 't/1', limit: 9 });
    equal(found, { ...question('t/1', { tags: ['x'], opened: 2000 }), run: 't' });
  });

  on('that are closed are found no longer, by whatever means', async ({ store }) => {
    await commit(store, turn('r', 2, { close: ['r/b', 'none'] }));
    const left = ['s/1', 'r/a', 't/1', 's/2'];
    equal(await questionIds(store), left);
    equal(await questionIds(store, { id: 'r/b' }), [], 'by id');
    equal(await questionIds(store, { run: 'r' }), ['r/a'], 'by run');
    equal(await questionIds(store, { machine: 'refund' }), ['r/a', 't/1'], 'by machine');
    equal(await questionIds(store, { assignee: 'ann' }), ['s/1'], 'by assignee');
    equal(await questionIds(store, { tag: 'x' }), ['r/a', 't/1', 's/2'], 'by tag');
    equal(await questionIds(store, { tag: 'y' }), ['s/2'], 'by another tag');
  });

  on('are closed by their own run only', async ({ store }) => {
    await commit(store, asking('s', { close: ['r/a', 's/1'] }));
    equal(await questionIds(store), ['r/a', 'r/b', 't/1', 's/2']);
  });

  on('replace the open one with their id, with all that it held', async ({ store }) => {
    const changed = question('r/b', { machine: 'other', assignee: 'eve', tags: ['z'], opened: 5000 });
    await commit(store, asking('r', { ask: [changed] }));
    equal(await store.questions({ run: 'r', assignee: 'eve', limit: 9 }), [{ ...changed, run: 'r' }]);
    equal(await questionIds(store), ['s/1', 'r/a', 't/1', 's/2', 'r/b']);
    equal(await questionIds(store, { assignee: 'ann' }), ['s/1'], 'by its old assignee');
    equal(await questionIds(store, { tag: 'y' }), ['s/2'], 'by an old tag');
    equal(await questionIds(store, { tag: 'z' }), ['r/b'], 'by its new tag');
    equal(await questionIds(store, { machine: 'refund' }), ['r/a', 't/1'], 'by its old machine');
    equal(await questionIds(store, { machine: 'other' }), ['r/b'], 'by its new machine');
  });

  on('that replace one with an assignee may have none', async ({ store }) => {
    await commit(store, asking('r', { ask: [question('r/b')] }));
    equal(await store.questions({ id: 'r/b', limit: 9 }), [{ ...question('r/b'), run: 'r' }]);
    equal(await questionIds(store, { assignee: 'ann' }), ['s/1']);
  });

  on('may be asked anew by the commit that closes them', async ({ store }) => {
    await commit(store, asking('r', { close: ['r/a'], ask: [question('r/a', { opened: 9 })] }));
    contains((await store.questions({ run: 'r', limit: 1 }))[0], { id: 'r/a', opened: 9 });
  });

  on('are not taken over from another run: its commit fails and writes nothing', async ({ store }) => {
    const [outcome, other] = await store.commit([
      turn('s', 2, { ask: [question('s/3'), question('r/a')], close: ['s/1'] }),
      turn('t', 3),
    ]);
    contains(outcome, { status: 'failed', retry: false });
    equal(other, { status: 'committed' });
    equal(await questionIds(store, { run: 's' }), ['s/1', 's/2']);
    equal(await questionIds(store, { id: 'r/a', run: 'r' }), ['r/a']);
  });

  on('of another run may be asked once they are closed there', async ({ store }) => {
    await commit(store, asking('r', { close: ['r/a'] }), asking('s', { ask: [question('r/a')] }));
    equal(await questionIds(store, { id: 'r/a', run: 's' }), ['r/a']);
  });

  on('neither open nor close in a commit that is refused', async ({ store }) => {
    const change = { ask: [question('r/c')], close: ['r/a'] };
    equal(await statuses(store, turn('r', 2, { ...change, fence: 9 })), ['fenced']);
    equal(await statuses(store, turn('r', 9, change)), ['conflict']);
    equal(await questionIds(store, { run: 'r' }), ['r/a', 'r/b']);
  });

  on('go with their run, and those of others stay', async ({ store }) => {
    await commit(store, removal('r'));
    equal(await questionIds(store), ['s/1', 't/1', 's/2']);
    for (const scan of [{ run: 'r' }, { assignee: 'bob' }, { id: 'r/a' }]) {
      equal(await questionIds(store, scan), [], JSON.stringify(scan));
    }
    equal(await questionIds(store, { tag: 'x' }), ['t/1', 's/2']);
    await commit(store, turn('t', 3, { ask: [question('r/a', { tags: ['x'] })] }));
    equal(await questionIds(store, { tag: 'x', run: 't' }), ['t/1', 'r/a']);
  });

  on('are copies: nobody changes them from outside', async ({ store }) => {
    const tags = ['mine'];
    await commit(store, asking('t', { ask: [question('t/2', { tags })] }));
    tags.push('later');
    const [found] = await store.questions({ id: 't/2', limit: 1 });
    (found as unknown as { tags: string[] }).tags.push('later');
    equal((await store.questions({ id: 't/2', limit: 1 }))[0]?.tags, ['mine']);
  });

  it('are found under their ids and under no other, whatever the characters', async ({ store }) => {
    await commit(
      store,
      ...oddIds.map((id) => creation(id, { ask: [asked(id), question(`other of ${id}`)] })),
    );
    for (const id of oddIds) {
      for (const scan of [{ id }, { machine: id }, { assignee: id }, { tag: id }]) {
        equal(
          await store.questions({ ...scan, limit: 9 }),
          [{ ...asked(id), run: id }],
          JSON.stringify(scan),
        );
      }
      equal((await questionIds(store, { run: id })).length, 2, JSON.stringify({ run: id }));
    }
  });
});

function asked(id: string) {
  return question(id, { machine: id, assignee: id, tags: [id], value: id });
}
