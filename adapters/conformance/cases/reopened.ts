/** A store that was closed, with runs still held, and is opened again. */
import type { Store } from '../../../src/store.ts';
import { contains, equal, failsWithStoreError } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import {
  checkpointed,
  commit,
  contents,
  creation,
  head,
  keysOf,
  leave,
  loaded,
  minute,
  owner,
  puts,
  question,
  questionIds,
  removal,
  runIds,
  statuses,
  turn,
} from '../fixtures.ts';

/** Closes the store without giving anything up, and opens it anew. */
async function reopen({ store, open }: Place): Promise<Store> {
  await store.close();
  return open();
}

export const reopened: CaseGroup = group(
  'a store that is opened again',
  (it) => {
    it('has all that was committed', async (on) => {
      await checkpointed(on.store, 'long', { last: 6, bases: [4] });
      const put = [{ kind: 'blob', key: 'b', value: Uint8Array.of(0, 255) }] as const;
      const ask = [question('long/q', { assignee: 'ann', tags: ['x'] })];
      const changed = head({ version: '2', status: 'sleeping', due: 5, tags: ['x'], more: 'more' });
      await commit(on.store, turn('long', 7, { head: changed, put, ask }));
      await commit(on.store, puts('long', 'step', 'k'), puts('long', 'event', 'e'));
      const before = [await contents(on.store, 'long'), await contents(on.store, 'r')];
      const store = await reopen(on);
      equal([await contents(store, 'long'), await contents(store, 'r')], before);
      equal(await loaded(store, 'long', 3), [1, 2, 3]);
      equal(await runIds(store, { tag: 'x' }), ['long']);
      equal(await runIds(store, { dueTo: 5 }), ['long']);
      equal(await questionIds(store, { tag: 'x', assignee: 'ann' }), ['long/q']);
    });

    it('has the messages that wait, in their order, and new ones come behind them', async (on) => {
      await leave(on.store, 'r', 'b', 'a');
      const store = await reopen(on);
      equal(await store.enqueue('r', { id: 'a', value: '' }), { status: 'known', value: 'value of a' });
      await leave(store, 'r', '0');
      equal(await keysOf(store, 'r', 'inbox'), ['b', 'a', '0']);
      equal(await runIds(store, { undelivered: true }), ['r']);
    });

    it('has its runs still held, by owners whose leases were not given up', async (on) => {
      const store = await reopen(on);
      await store.lease('owner-2', minute);
      contains(await store.acquire('r', 'owner-2'), { status: 'held' });
      equal(await runIds(store, { owner }), ['r']);
      equal(await runIds(store, { free: true }), []);
      equal(await statuses(store, turn('r', 2, { owner: 'owner-2' })), ['fenced']);
      equal(await statuses(store, turn('r', 2)), ['committed']);
    });

    it('frees the runs whose leases ended meanwhile', async (on) => {
      await on.store.lease(owner, 20);
      const store = await reopen(on);
      await store.lease('owner-2', minute);
      const taken = await on.until('the lease ends', async () => {
        const answer = await store.acquire('r', 'owner-2');
        return answer.status === 'held' ? undefined : answer;
      });
      equal(taken, { status: 'acquired', fence: 2 });
      equal(await statuses(store, turn('r', 2)), ['fenced']);
    });

    it('knows which leases were given up, and which runs', async (on) => {
      await on.store.lease('owner-2', minute);
      await commit(on.store, creation('s', { owner: 'owner-2', release: true }));
      await on.store.lease(owner, 0);
      const store = await reopen(on);
      await failsWithStoreError(() => store.acquire('r', owner), 'acquire without a lease');
      equal(await store.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
      equal(await store.acquire('s', 'owner-2'), { status: 'acquired', fence: 2 });
    });

    it('has fences that go on rising', async (on) => {
      equal(await on.store.acquire('r', owner), { status: 'acquired', fence: 2 });
      const store = await reopen(on);
      equal(await store.acquire('r', owner), { status: 'acquired', fence: 3 });
      equal(await statuses(store, turn('r', 2, { fence: 2 })), ['fenced']);
      equal(await statuses(store, turn('r', 2, { fence: 3 })), ['committed']);
    });

    it('has its tombstones, and nothing of what they stand for', async (on) => {
      await leave(on.store, 'r', 'm');
      await commit(on.store, { run: 'r', owner, fence: 1, ask: [question('r/q')] });
      await commit(on.store, removal('r'));
      const store = await reopen(on);
      equal(await statuses(store, creation('r')), ['exists']);
      equal(await store.enqueue('r', { id: 'm', value: '' }), { status: 'deleted' });
      equal(await store.acquire('r', owner), { status: 'deleted' });
      equal(await contents(store, 'r'), await contents(store, 'none'));
    });
  },
  { need: 'durable', before: ({ store }) => commit(store, creation('r')) },
);
