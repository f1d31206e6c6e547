/** What one commit writes. */
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
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
  runIds,
  statuses,
  turn,
} from '../fixtures.ts';

export const commits: CaseGroup = group('a commit', (it) => {
  it('is there afterwards with all that it holds', async ({ store }) => {
    const first = head({ version: '2', due: 5000, tags: ['a', 'b'], more: '{"x":1}' });
    const put = [{ kind: 'event', key: 'e', value: 'receipt' }] as const;
    await commit(store, creation('r', { head: first, put }));
    equal(await find(store, 'r'), { ...first, run: 'r', seq: 1, updatedAt: 2001, fence: 1 });
    equal(await store.load('r'), [checkpoint(1, { base: true })]);
    equal(await rowOf(store, 'r', 'event', 'e'), 'receipt');
  });

  it('of a checkpoint alone moves seq and updatedAt, and leaves the head', async ({ store }) => {
    await commit(store, creation('r', { head: head({ due: 9 }) }));
    await commit(store, turn('r', 2));
    contains(await find(store, 'r'), { seq: 2, updatedAt: 2002, due: 9, status: 'running' });
  });

  it('with a head replaces all of the old one, in every list', async ({ store }) => {
    await commit(store, creation('r', { head: head({ due: 9, version: '1', tags: ['a', 'b'] }) }));
    const next = head({ status: 'done', machine: 'other', tags: ['b', 'c'], more: 'more' });
    await commit(store, turn('r', 2, { head: next }));
    equal(await find(store, 'r'), { ...next, run: 'r', seq: 2, updatedAt: 2002, fence: 1 });
    for (const gone of [
      { tag: 'a' },
      { status: ['running'] },
      { machine: 'refund' },
      { dueTo: 99 },
    ] as const) {
      equal(await runIds(store, gone), [], JSON.stringify(gone));
    }
    for (const found of [{ tag: 'b' }, { tag: 'c' }, { status: ['done'], machine: 'other' }] as const) {
      equal(await runIds(store, found), ['r'], JSON.stringify(found));
    }
  });

  it('may hold several checkpoints, and seqs that leave some out', async ({ store }) => {
    await commit(store, creation('r'));
    await commit(store, turn('r', 2, { checkpoints: [checkpoint(2), checkpoint(3), checkpoint(7)] }));
    equal(await loaded(store, 'r'), [1, 2, 3, 7]);
    equal(await statuses(store, turn('r', 8)), ['committed']);
    equal(await statuses(store, turn('r', 20, { expect: 8 })), ['committed']);
    contains(await find(store, 'r'), { seq: 20, updatedAt: 2020 });
  });

  it('may hold no checkpoint at all', async ({ store }) => {
    await commit(store, creation('r'));
    await commit(store, { run: 'r', owner, fence: 1, put: [{ kind: 'event', key: 'e', value: '1' }] });
    contains(await find(store, 'r'), { seq: 1, updatedAt: 2001 });
    equal(await rowOf(store, 'r', 'event', 'e'), '1');
  });

  it('may hold a head and nothing else', async ({ store }) => {
    await commit(store, creation('r'));
    await commit(store, { run: 'r', owner, fence: 1, head: head({ status: 'paused', due: 7 }) });
    contains(await find(store, 'r'), { seq: 1, updatedAt: 2001, status: 'paused', due: 7 });
    await commit(store, turn('r', 2));
  });

  it('writes a head beside rows', async ({ store }) => {
    await commit(store, creation('r'));
    const put = [{ kind: 'step', key: 'k', value: '' }] as const;
    await commit(store, { run: 'r', owner, fence: 1, put, head: head({ status: 'idle' }) });
    contains(await find(store, 'r'), { status: 'idle', seq: 1 });
    equal(await keysOf(store, 'r', 'step'), ['k']);
  });

  it('writes rows over rows of the same kind and key, and drops them', async ({ store }) => {
    await commit(store, creation('r', { put: [{ kind: 'event', key: 'k', value: 'old' }] }));
    const put = [
      { kind: 'event', key: 'k', value: 'new' },
      { kind: 'blob', key: 'k', value: Uint8Array.of(1) },
    ] as const;
    await commit(store, turn('r', 2, { put }));
    equal(await rowOf(store, 'r', 'event', 'k'), 'new');
    const drop = [
      { kind: 'event', key: 'k' },
      { kind: 'event', key: 'none' },
    ] as const;
    await commit(store, turn('r', 3, { drop }));
    equal(await rowOf(store, 'r', 'event', 'k'), undefined);
    equal(await rowOf(store, 'r', 'blob', 'k'), Uint8Array.of(1));
  });

  it('is all there at once: rows, questions, and messages that are delivered', async ({ store }) => {
    await commit(store, creation('r', { ask: [question('r/1')] }));
    await store.enqueue('r', { id: 'm', value: '' });
    await commit(
      store,
      turn('r', 2, {
        head: head({ status: 'waitingForInput' }),
        put: [{ kind: 'answer', key: 'r/1', value: 'yes' }],
        close: ['r/1'],
        ask: [question('r/2')],
        take: ['m'],
        unless: ['another'],
      }),
    );
    contains(await find(store, 'r'), { seq: 2, status: 'waitingForInput' });
    equal(await rowOf(store, 'r', 'answer', 'r/1'), 'yes');
    equal(await questionIds(store), ['r/2']);
    equal(await keysOf(store, 'r', 'inbox'), []);
  });

  it('that releases the run is the last one of its owner', async ({ store }) => {
    await commit(store, creation('r'));
    await commit(store, turn('r', 2, { release: true }));
    equal(await statuses(store, turn('r', 3)), ['fenced']);
    await store.lease('owner-2', minute);
    equal(await store.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
  });

  it('may create and release at once', async ({ store }) => {
    await commit(store, creation('r', { release: true }));
    equal(await statuses(store, turn('r', 2)), ['fenced']);
    await store.lease('owner-2', minute);
    equal(await store.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
  });
});
