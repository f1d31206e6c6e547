/** Who may take a run, and when. */
import type { Acquired, Store } from '../../../src/store.ts';
import { broken, contains, equal, failsWithStoreError } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, find, minute, owner, runIds, sleep, statuses, turn } from '../fixtures.ts';

const second = 'owner-2';

/** The answer to a second owner, where it is `held`. */
async function held(store: Store): Promise<Extract<Acquired, { status: 'held' }>> {
  const answer = await store.acquire('r', second);
  return answer.status === 'held' ? answer : broken(`expected 'held', got '${answer.status}'`);
}

/** Whether the run is free, for `until`. */
async function isFree(store: Store): Promise<true | undefined> {
  return (await runIds(store, { run: 'r', free: true })).length === 1 ? true : undefined;
}

export const leases: CaseGroup = group(
  'a lease',
  (it) => {
    it('keeps others out while it lasts', async ({ store }) => {
      contains(await store.acquire('r', second), { status: 'held' });
      equal(await statuses(store, turn('r', 2)), ['committed']);
      contains(await store.acquire('r', second), { status: 'held' });
    });

    it('says who has the run and until when, which moves as it is renewed', async ({ store }) => {
      const { by, until } = await held(store);
      equal(typeof by, 'string', 'by');
      // Milliseconds since 1970, by the store's clock, which need not be ours.
      equal(until > Date.UTC(2020) && until < Date.UTC(2200), true, `until ${until}`);
      await store.lease(owner, 3 * minute);
      const more = (await held(store)).until - until;
      equal(Math.abs(more - 2 * minute) < minute, true, `two minutes more are ${more} ms`);
    });

    it('that is renewed lasts longer', async ({ store }) => {
      await store.lease(owner, 30);
      await store.lease(owner, minute);
      await sleep(60);
      contains(await store.acquire('r', second), { status: 'held' });
    });

    it('that has ended lets others in, under a higher fence, and the old owner is fenced', async ({
      store,
      until,
    }) => {
      await store.lease(owner, 20);
      const taken = await until('the lease ends', async () => {
        const answer = await store.acquire('r', second);
        return answer.status === 'held' ? undefined : answer;
      });
      equal(taken, { status: 'acquired', fence: 2 });
      equal(await statuses(store, turn('r', 2)), ['fenced']);
      equal(await statuses(store, turn('r', 2, { owner: second, fence: 1 })), ['fenced']);
      equal(await statuses(store, turn('r', 2, { owner: second, fence: 2 })), ['committed']);
      await store.lease(owner, minute);
      contains(await store.acquire('r', owner), { status: 'held' });
    });

    it('that has ended is good again when it is renewed before anyone came', async ({ store, until }) => {
      await store.lease(owner, 20);
      await until('the lease ends', () => isFree(store));
      await store.lease(owner, minute);
      contains(await store.acquire('r', second), { status: 'held' });
      equal(await statuses(store, turn('r', 2)), ['committed']);
    });

    it('that has ended stops no commit while nobody has come', async ({ store, until }) => {
      await store.lease(owner, 20);
      await until('the lease ends', () => isFree(store));
      equal(await statuses(store, turn('r', 2)), ['committed']);
    });

    it('may last for years', async ({ store }) => {
      await store.lease(owner, 20 * 365 * 24 * 60 * minute);
      const { until } = await held(store);
      equal(until > Date.UTC(2040), true, `until ${until}`);
    });

    for (const ms of [0, -1]) {
      it(`of ${ms} ms is given up, and frees all its runs at once`, async ({ store }) => {
        await commit(store, creation('s'));
        await store.lease(owner, ms);
        equal(await store.acquire('r', second), { status: 'acquired', fence: 2 });
        equal(await statuses(store, turn('s', 2)), ['fenced']);
        await store.lease(owner, minute);
        equal(await statuses(store, turn('s', 2)), ['fenced'], 'after another lease');
        equal(await store.acquire('s', owner), { status: 'acquired', fence: 2 });
        equal(await statuses(store, turn('s', 2, { fence: 2 })), ['committed']);
      });
    }

    it('that was given up is no longer registered', async ({ store }) => {
      await store.lease(owner, 0);
      await failsWithStoreError(() => store.acquire('r', owner), 'acquire');
      equal(await statuses(store, creation('n')), ['fenced']);
    });

    it('that is given up leaves the runs of others', async ({ store }) => {
      await store.lease(second, 0);
      await store.lease('nobody', 0);
      equal(await statuses(store, turn('r', 2)), ['committed']);
    });

    it('of the same owner takes the run anew: the old fence is worth nothing', async ({ store }) => {
      equal(await store.acquire('r', owner), { status: 'acquired', fence: 2 });
      equal(await statuses(store, turn('r', 2)), ['fenced']);
      contains(await find(store, 'r'), { fence: 2 });
      equal(await statuses(store, turn('r', 2, { fence: 2 })), ['committed']);
    });

    it('takes a run under a fence that is one higher than any before', async ({ store }) => {
      await commit(store, { run: 'r', owner, fence: 1, release: true });
      for (let fence = 2; fence < 6; fence++) {
        const who = fence % 2 === 0 ? second : owner;
        equal(await store.acquire('r', who), { status: 'acquired', fence });
        contains(await find(store, 'r'), { fence, seq: 1 });
        await commit(store, { run: 'r', owner: who, fence, release: true });
      }
    });

    it('is needed to take a run', async ({ store }) => {
      await failsWithStoreError(() => store.acquire('r', 'nobody'), 'acquire');
      await commit(store, { run: 'r', owner, fence: 1, release: true });
      await failsWithStoreError(() => store.acquire('r', 'nobody'), 'acquire of a free run');
      contains(await find(store, 'r'), { fence: 1 });
    });

    it('does not bring a missing run', async ({ store }) => {
      equal(await store.acquire('missing', owner), { status: 'missing' });
      equal(await find(store, 'missing'), undefined);
    });
  },
  {
    before: async ({ store }) => {
      await store.lease(second, minute);
      await commit(store, creation('r'));
    },
  },
);
