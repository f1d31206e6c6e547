/** Owners who have what is not theirs. */
import { alone, holders, type Mutant } from './mutant.ts';

export const leases: readonly Mutant[] = [
  {
    name: 'takes a run though another holds it',
    caughtBy: 'a lease keeps others out while it lasts',
    breaks: (store) => {
      const { of, lease } = holders(store);
      return {
        lease,
        acquire: async (run, owner) => {
          const holder = await of(run);
          if (holder !== undefined && holder.owner !== owner)
            await alone(store, { ...holder, release: true });
          return store.acquire(run, owner);
        },
      };
    },
  },
  {
    name: 'gives a run out under the old fence',
    caughtBy: 'a lease takes a run under a fence that is one higher than any before',
    breaks: (store) => ({
      acquire: async (run, owner) => {
        const answer = await store.acquire(run, owner);
        return answer.status === 'acquired' ? { ...answer, fence: 1 } : answer;
      },
    }),
  },
  {
    name: 'gives the same owner its old fence',
    caughtBy: 'a lease of the same owner takes the run anew: the old fence is worth nothing',
    breaks: (store) => ({
      acquire: async (run, owner) => {
        const [mine] = await store.runs({ run, owner, limit: 1 });
        return mine === undefined ? store.acquire(run, owner) : { status: 'acquired', fence: mine.fence };
      },
    }),
  },
  {
    name: 'ignores that a lease is given up',
    caughtBy: 'a lease of 0 ms is given up, and frees all its runs at once',
    breaks: (store) => ({ lease: (owner, ms) => (ms === 0 ? undefined : store.lease(owner, ms)) }),
  },
  {
    name: 'ends no lease',
    caughtBy: 'a lease that has ended lets others in, under a higher fence, and the old owner is fenced',
    breaks: (store) => ({ lease: (owner, ms) => store.lease(owner, ms > 0 ? Math.max(ms, 60_000) : ms) }),
  },
  {
    name: 'renews no lease',
    caughtBy: 'a lease says who has the run and until when, which moves as it is renewed',
    breaks: (store) => {
      const known = new Set<string>();
      return {
        lease: (owner, ms) => {
          if (ms <= 0) known.delete(owner);
          else if (known.has(owner)) return undefined;
          else known.add(owner);
          return store.lease(owner, ms);
        },
      };
    },
  },
  {
    name: 'frees a run at the end of its lease for good',
    caughtBy: 'a lease that has ended is good again when it is renewed before anyone came',
    breaks: (store) => ({
      lease: async (owner, ms) => {
        const [free] = await store.runs({ owner, free: true, limit: 1 });
        if (free !== undefined) await store.lease(owner, 0);
        return store.lease(owner, ms);
      },
    }),
  },
  {
    name: 'counts leases in 32 bits',
    caughtBy: 'a lease may last for years',
    breaks: (store) => ({ lease: (owner, ms) => store.lease(owner, ms | 0) }),
  },
  {
    name: 'lets owners without a lease take runs',
    caughtBy: 'a lease is needed to take a run',
    breaks: (store) => ({
      acquire: async (run, owner) => {
        if (owner === 'nobody') await store.lease(owner, 60_000);
        return store.acquire(run, owner);
      },
    }),
  },
  {
    name: 'says only that a run is held',
    caughtBy: 'a lease says who has the run and until when, which moves as it is renewed',
    breaks: (store) => ({
      acquire: async (run, owner) => {
        const answer = await store.acquire(run, owner);
        return answer.status === 'held' ? { ...answer, until: 0 } : answer;
      },
    }),
  },
];
