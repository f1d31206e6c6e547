/** Commits of several runs, written together. */
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  loaded,
  removal,
  rowOf,
  statuses,
  turn,
} from '../fixtures.ts';

const committed = 'committed';

export const batch: CaseGroup = group('a batch', (it) => {
  it('of no commits has no outcomes', async ({ store }) => {
    equal(await store.commit([]), []);
  });

  for (const n of [3, 100]) {
    it(`of ${n} has an outcome for each run, in order, and none takes others down`, async ({ store }) => {
      const ids = Array.from({ length: n }, (_, i) => `r${i}`);
      await commit(store, ...ids.map((id) => creation(id)));
      const batch = ids.map((id) => turn(id, 2));
      batch[0] = turn('r0', 2, { expect: 7 });
      batch[1] = turn('r1', 2, { fence: 9, head: head({ machine: 'x' }) });
      batch.push(creation('r2'), creation('new'), turn('missing', 2));
      const others = ids.slice(2).map(() => committed);
      const outcomes = await statuses(store, ...batch);
      equal(outcomes, ['conflict', 'fenced', ...others, 'exists', committed, 'fenced']);
      equal(await loaded(store, 'r0'), [1]);
      contains(await find(store, 'r1'), { machine: 'refund' });
      const written = await Promise.all(ids.slice(2).map((id) => loaded(store, id)));
      equal(
        written,
        ids.slice(2).map(() => [1, 2]),
      );
      equal(await loaded(store, 'new'), [1]);
    });

    it(`of ${n} in which one cannot be stored writes the others`, async ({ store }) => {
      const ids = Array.from({ length: n }, (_, i) => `r${i}`);
      await commit(store, ...ids.map((id) => creation(id)));
      const batch = ids.map((id) => turn(id, 2));
      batch[1] = turn('r1', 2, {
        checkpoints: [checkpoint(2), checkpoint(2)],
        put: [{ kind: 'event', key: 'e', value: '' }],
        head: head({ machine: 'x' }),
      });
      const outcomes = await store.commit([...batch, creation('new')]);
      contains(outcomes[1], { status: 'failed', retry: false });
      equal(
        outcomes.map(({ status }) => status),
        [committed, 'failed', ...ids.slice(2).map(() => committed), committed],
      );
      equal(await loaded(store, 'r1'), [1]);
      equal(await rowOf(store, 'r1', 'event', 'e'), undefined);
      contains(await find(store, 'r1'), { machine: 'refund', seq: 1 });
      const next = await statuses(store, turn('r1', 2), turn('r2', 3), turn('new', 2));
      equal(next, [committed, committed, committed]);
    });
  }

  it('may hold a run twice: the second finds what the first wrote', async ({ store }) => {
    const outcomes = await statuses(store, creation('r'), turn('r', 2), turn('r', 2), turn('r', 3));
    equal(outcomes, [committed, committed, 'conflict', committed]);
    equal(await loaded(store, 'r'), [1, 2, 3]);
  });

  it('and single commits, in any mixture, are one history', async ({ store }) => {
    const others = Array.from({ length: 20 }, (_, i) => `other-${i}`);
    await commit(store, creation('r'), ...others.map((id) => creation(id)));
    for (let seq = 2; seq <= 40; seq++) {
      const own = turn('r', seq, { checkpoints: [checkpoint(seq, { base: seq % 16 === 0 })] });
      if (seq % 3 === 0) await commit(store, own);
      else await commit(store, ...others.map((id) => turn(id, seq, { expect: undefined })), own);
    }
    equal(await loaded(store, 'r'), [32, 33, 34, 35, 36, 37, 38, 39, 40]);
    equal(await loaded(store, 'r', 20), [16, 17, 18, 19, 20]);
    contains(await find(store, 'r'), { seq: 40, updatedAt: 2040 });
    const history = await store.history('r', { from: 10, to: 30, descending: true, limit: 5 });
    equal(
      history.map(({ seq }) => seq),
      [30, 29, 28, 27, 26],
    );
    equal(await statuses(store, turn('r', 40)), ['conflict']);
    await commit(store, turn('r', 41, { dropBefore: 32 }));
    equal((await store.history('r', { limit: 1 }))[0]?.seq, 32);
    await commit(store, removal('r'));
    equal(await store.load('r'), []);
  });
});
