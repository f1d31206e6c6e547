/** Who may write, and onto what: fence and compare-and-swap. What is refused has written nothing at all. */
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  commit,
  contents,
  creation,
  find,
  head,
  loaded,
  minute,
  owner,
  question,
  statuses,
  turn,
} from '../fixtures.ts';
import type { RunCommit, Store } from '../../../src/store.ts';

/** A commit that changes all that can be changed of the run that `prepare` made. */
const everything = {
  checkpoints: [checkpoint(3, { base: true })],
  dropBefore: 2,
  head: head({ machine: 'x', version: 'x', status: 'done', due: 1, tags: ['x'], more: 'x' }),
  put: [
    { kind: 'event', key: 'new', value: 'x' },
    { kind: 'step', key: 'old', value: 'x' },
    { kind: 'step', key: 'new', value: 'x' },
  ],
  drop: [{ kind: 'event', key: 'old' }],
  ask: [question('r/new', { tags: ['x'] })],
  close: ['r/old'],
  take: ['m'],
  release: true,
} as const satisfies Partial<RunCommit>;

/** A run with two checkpoints, a message, an open question, and a row or two. */
async function prepare(store: Store): Promise<void> {
  const put = [
    { kind: 'event', key: 'old', value: 'old' },
    { kind: 'step', key: 'old', value: 'old' },
  ] as const;
  await commit(store, creation('r', { put, ask: [question('r/old')] }), creation('s'));
  await commit(store, turn('r', 2, { checkpoints: [checkpoint(2, { base: true })] }));
  await commit(store, { run: 's', owner, fence: 1, ask: [question('s/open')] });
  await store.enqueue('r', { id: 'm', value: 'message' });
}

/** A commit of everything is refused, alone and in a batch, and leaves no trace. */
async function refuses(store: Store, refused: RunCommit, status: string): Promise<void> {
  const before = [await contents(store, 'r'), await contents(store, 's')];
  equal(await statuses(store, refused), [status]);
  equal([await contents(store, 'r'), await contents(store, 's')], before, 'after the commit');
  equal(await statuses(store, refused, creation('t'), refused), [status, 'committed', status]);
  equal([await contents(store, 'r'), await contents(store, 's')], before, 'after a batch');
  equal(await statuses(store, turn('r', 3)), ['committed'], 'the holder, afterwards');
}

export const fence: CaseGroup = group(
  'a commit that is refused',
  (it) => {
    it('as it expects another checkpoint writes nothing', async ({ store }) => {
      await refuses(store, turn('r', 3, { ...everything, expect: 1 }), 'conflict');
    });

    it('as another one is the newest is in conflict, whatever it expects', async ({ store }) => {
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      const late = [turn('r', 2), turn('r', 3, { expect: 1 }), turn('r', 9), turn('r', 2, { put })];
      for (const stale of late) equal(await statuses(store, stale), ['conflict'], JSON.stringify(stale));
      equal(await loaded(store, 'r'), [2]);
      equal(await statuses(store, turn('s', 2, { expect: 0 })), ['conflict']);
    });

    it('as it holds no checkpoint and expects another one is in conflict', async ({ store }) => {
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      equal(await statuses(store, { run: 'r', owner, fence: 1, expect: 1, put }), ['conflict']);
      equal(await statuses(store, { run: 'r', owner, fence: 1, expect: 2, put }), ['committed']);
    });

    it('as its fence is not the run’s writes nothing', async ({ store }) => {
      await refuses(store, turn('r', 3, { ...everything, fence: 2 }), 'fenced');
    });

    it('as its owner does not hold the run writes nothing', async ({ store }) => {
      await store.lease('owner-2', minute);
      await refuses(store, turn('r', 3, { ...everything, owner: 'owner-2' }), 'fenced');
    });

    it('as another has taken the run writes nothing, though its seq is right', async ({ store }) => {
      await store.lease('owner-2', minute);
      await commit(store, { run: 'r', owner, fence: 1, release: true });
      equal(await store.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
      const before = await contents(store, 'r');
      equal(await statuses(store, turn('r', 3, everything)), ['fenced']);
      equal(await statuses(store, turn('r', 3, { ...everything, fence: 2 })), ['fenced']);
      equal(await contents(store, 'r'), before);
      equal(await statuses(store, turn('r', 3, { owner: 'owner-2', fence: 2 })), ['committed']);
    });

    it('is fenced under any other fence and by any other owner, whatever little it holds', async ({
      store,
    }) => {
      await store.lease('owner-2', minute);
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      const bare = { run: 'r', owner, fence: 1 };
      for (const change of [{ fence: 0 }, { fence: 2 }, { owner: 'owner-2' }, { owner: 'nobody' }]) {
        const about = JSON.stringify(change);
        equal(await statuses(store, turn('r', 3, change)), ['fenced'], about);
        equal(await statuses(store, turn('r', 3, { ...change, put })), ['fenced'], about);
        equal(await statuses(store, { ...bare, put, ...change }), ['fenced'], about);
        equal(await statuses(store, { ...bare, head: head(), ...change }), ['fenced'], about);
        equal(await statuses(store, { ...bare, take: ['m'], ...change }), ['fenced'], about);
        equal(await statuses(store, { ...bare, release: true, ...change }), ['fenced'], about);
      }
      equal(await statuses(store, turn('missing', 2)), ['fenced']);
      equal(await statuses(store, turn('r', 3)), ['committed']);
    });

    it('as its id is taken leaves the run as it was', async ({ store }) => {
      const again = creation('r', { ...everything, expect: 0, checkpoints: [checkpoint(1, { base: true })] });
      await refuses(store, again, 'exists');
      contains(await find(store, 'r'), { machine: 'refund' });
    });

    it('as it would create a run for an owner without a lease writes nothing', async ({ store }) => {
      equal(await statuses(store, creation('n', { owner: 'nobody' })), ['fenced']);
      equal(await find(store, 'n'), undefined);
      equal(await statuses(store, creation('n')), ['committed']);
    });

    it('as a message waits writes nothing', async ({ store }) => {
      await refuses(store, turn('r', 3, { ...everything, unless: ['none', 'm'] }), 'taken');
    });

    it('as its question is open in another run writes nothing', async ({ store }) => {
      const ask = [question('r/new'), question('s/open')];
      await refuses(store, turn('r', 3, { ...everything, ask }), 'failed');
    });

    it('as its checkpoints are out of order writes nothing', async ({ store }) => {
      const checkpoints = [checkpoint(4, { base: true }), checkpoint(3)];
      await refuses(store, turn('r', 3, { ...everything, checkpoints }), 'failed');
      equal(await statuses(store, turn('s', 2, { checkpoints: [checkpoint(1)] })), ['failed']);
    });

    it('as nothing can be done about it says that trying again is of no use', async ({ store }) => {
      const [outcome] = await store.commit([turn('r', 3, { ask: [question('s/open')] })]);
      contains(outcome, { status: 'failed', retry: false });
      if (outcome?.status === 'failed') equal(outcome.error instanceof Error, true, 'error');
    });
  },
  { before: ({ store }) => prepare(store) },
);
