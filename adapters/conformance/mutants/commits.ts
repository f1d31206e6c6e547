/** Writes that are not what they should be. */
import type { Outcome } from '../../../src/store.ts';
import { alone, changing, eachCommit, holders, type Mutant, without } from './mutant.ts';

const refused = 'a commit that is refused';

export const commits: readonly Mutant[] = [
  {
    name: 'ignores the fence',
    caughtBy: `${refused} as its fence is not the run’s writes nothing`,
    breaks: eachCommit(async (store, commit) => {
      const [found] = await store.runs({ run: commit.run, limit: 1 });
      return alone(store, { ...commit, fence: found?.fence ?? commit.fence });
    }),
  },
  {
    name: 'ignores the fence of commits without a checkpoint',
    caughtBy: 'rows that are all that a commit holds are written under its fence only',
    breaks: eachCommit(async (store, commit) => {
      const [found] = await store.runs({ run: commit.run, limit: 1 });
      const fence = commit.checkpoints === undefined ? found?.fence : undefined;
      return alone(store, { ...commit, fence: fence ?? commit.fence });
    }),
  },
  {
    name: 'ignores the owner',
    caughtBy: `${refused} as its owner does not hold the run writes nothing`,
    breaks: (store) => {
      const { of, lease } = holders(store);
      const { commit } = eachCommit(async (_, one) => {
        const holder = await of(one.run);
        return alone(store, { ...one, owner: holder?.owner ?? one.owner });
      })(store);
      return { lease, commit: commit! };
    },
  },
  {
    name: 'ignores `expect`',
    caughtBy: `${refused} as it expects another checkpoint writes nothing`,
    breaks: without('expect'),
  },
  {
    name: 'ignores `expect` where there is no checkpoint',
    caughtBy: `${refused} as it holds no checkpoint and expects another one is in conflict`,
    breaks: changing(({ expect, ...rest }) =>
      rest.checkpoints === undefined || expect === undefined ? rest : { ...rest, expect },
    ),
  },
  {
    name: 'is not atomic: writes the rows though the outcome is conflict',
    caughtBy: `${refused} as it expects another checkpoint writes nothing`,
    breaks: eachCommit(async (store, commit) => {
      const outcome = await alone(store, commit);
      const { run, owner, fence, put } = commit;
      if (outcome.status === 'conflict' && put !== undefined) await alone(store, { run, owner, fence, put });
      return outcome;
    }),
  },
  {
    name: 'is not atomic: closes the questions though the commit yields',
    caughtBy: `${refused} as a message waits writes nothing`,
    breaks: eachCommit(async (store, commit) => {
      const outcome = await alone(store, commit);
      const { run, owner, fence, close } = commit;
      if (outcome.status === 'taken' && close !== undefined) await alone(store, { run, owner, fence, close });
      return outcome;
    }),
  },
  {
    name: 'is not atomic: writes the head though a question is another run’s',
    caughtBy: `${refused} as its question is open in another run writes nothing`,
    breaks: eachCommit(async (store, commit) => {
      const outcome = await alone(store, commit);
      const { run, owner, fence, head } = commit;
      if (outcome.status === 'failed' && head !== undefined) await alone(store, { run, owner, fence, head });
      return outcome;
    }),
  },
  {
    name: 'lets one bad run fail the batch',
    caughtBy: 'a batch of 3 in which one cannot be stored writes the others',
    breaks: (store) => ({
      commit: async (batch) => {
        const isBad = batch.some(
          ({ checkpoints: [first, second] = [] }) => (second?.seq ?? 99) <= (first?.seq ?? 0),
        );
        if (!isBad) return store.commit(batch);
        return batch.map(() => ({ status: 'failed', error: new Error('One is bad.'), retry: false }));
      },
    }),
  },
  {
    name: 'stops a batch at the first run that is not written',
    caughtBy: 'a batch of 3 has an outcome for each run, in order, and none takes others down',
    breaks: (store) => ({
      commit: async (batch) => {
        const outcomes: Outcome[] = [];
        for (const commit of batch) {
          const stopped = outcomes.find(({ status }) => status !== 'committed');
          outcomes.push(stopped ?? (await alone(store, commit)));
        }
        return outcomes;
      },
    }),
  },
  {
    name: 'answers in another order',
    caughtBy: 'a batch of 3 has an outcome for each run, in order, and none takes others down',
    breaks: (store) => ({ commit: async (batch) => (await store.commit(batch)).reverse() }),
  },
  {
    name: 'keeps the first of two commits of one run',
    caughtBy: 'a batch may hold a run twice: the second finds what the first wrote',
    breaks: (store) => ({
      commit: async (batch) => {
        const firsts = batch.filter(({ run }, i) => batch.findIndex((other) => other.run === run) === i);
        const outcomes = await store.commit(firsts);
        return batch.map(({ run }) => outcomes[firsts.findIndex((first) => first.run === run)]!);
      },
    }),
  },
  {
    name: 'overwrites a run whose id is taken',
    caughtBy: `${refused} as its id is taken leaves the run as it was`,
    breaks: eachCommit(async (store, commit) => {
      const outcome = await alone(store, commit);
      if (outcome.status !== 'exists') return outcome;
      const { create: _, expect: __, checkpoints: ___, ...rest } = commit;
      return alone(store, rest);
    }),
  },
  {
    name: 'creates runs for owners without a lease',
    caughtBy: `${refused} as it would create a run for an owner without a lease writes nothing`,
    breaks: eachCommit(async (store, commit) => {
      if (commit.create === true) await store.lease(commit.owner, 60_000);
      return alone(store, commit);
    }),
  },
  {
    name: 'lets go of no run',
    caughtBy: 'a commit that releases the run is the last one of its owner',
    breaks: without('release'),
  },
  {
    name: 'drops rows after it puts them',
    caughtBy: 'rows are dropped before they are put by the same commit',
    breaks: eachCommit(async (store, commit) => {
      const { drop, ...rest } = commit;
      const outcome = await alone(store, rest);
      const { run, owner, fence } = commit;
      if (outcome.status === 'committed' && drop !== undefined)
        await alone(store, { run, owner, fence, drop });
      return outcome;
    }),
  },
  {
    name: 'keeps what a new head leaves out',
    caughtBy: 'a commit with a head replaces all of the old one, in every list',
    breaks: eachCommit(async (store, commit) => {
      const [old] = await store.runs({ run: commit.run, limit: 1 });
      if (old === undefined || commit.head === undefined) return alone(store, commit);
      return alone(store, {
        ...commit,
        head: { ...commit.head, version: commit.head.version ?? old.version },
      });
    }),
  },
];
