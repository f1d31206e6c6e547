/** Runs that are not quite gone, or ids that are gone for good. */
import type { Row } from '../../../src/store.ts';
import { alone, changing, eachCommit, type Mutant } from './mutant.ts';

export const removal: readonly Mutant[] = [
  {
    name: 'ignores tombstones',
    caughtBy: 'a removed run leaves its id taken while the tombstone stands',
    breaks: changing((commit) => (commit.remove === undefined ? commit : { ...commit, remove: 0 })),
  },
  {
    name: 'keeps tombstones for good',
    caughtBy: 'a removed run gives its id back when the tombstone has had its time, with nothing of what was',
    breaks: changing((commit) =>
      commit.remove === undefined ? commit : { ...commit, remove: commit.remove + 60_000 },
    ),
  },
  {
    name: 'counts tombstones in 32 bits',
    caughtBy: 'a removed run leaves its id taken for years, where that is asked for',
    breaks: changing((commit) =>
      commit.remove === undefined ? commit : { ...commit, remove: commit.remove | 0 },
    ),
  },
  {
    name: 'says of a deleted run that it is missing',
    caughtBy: 'a removed run leaves its id taken while the tombstone stands',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        const answer = await store.enqueue(run, message, unless);
        return answer.status === 'deleted' ? { status: 'missing' } : answer;
      },
    }),
  },
  {
    name: 'removes a run under any fence',
    caughtBy: 'a removed run cannot be removed under another fence, by another owner or twice',
    breaks: eachCommit(async (store, commit) => {
      const [found] = await store.runs({ run: commit.run, limit: 1 });
      const isRemoval = commit.remove !== undefined && found !== undefined;
      return alone(store, isRemoval ? { ...commit, fence: found.fence } : commit);
    }),
  },
  {
    name: 'revives a removed run by a late commit',
    caughtBy: 'a removed run is not revived by a late commit',
    breaks: (store) => {
      const removed = new Set<string>();
      const { commit } = eachCommit(async (_, one) => {
        if (one.remove !== undefined) {
          const outcome = await alone(store, { ...one, remove: 0 });
          if (outcome.status === 'committed') removed.add(one.run);
          return outcome;
        }
        if (!removed.has(one.run) || one.checkpoints === undefined) return alone(store, one);
        if (one.create === true) return { status: 'exists' };
        const head = { machine: 'x', status: 'idle', createdAt: 0, tags: [], more: '' } as const;
        return alone(store, { head, ...one, create: true, expect: 0 });
      })(store);
      return { commit: commit! };
    },
  },
  {
    name: 'finds the rows of a removed run in the next one with its id',
    caughtBy: 'a removed run gives its id back when the tombstone has had its time, with nothing of what was',
    breaks: (store) => {
      const left = new Map<string, Row[]>();
      const { commit } = eachCommit(async (_, one) => {
        const { run, owner, fence } = one;
        const steps = (await store.rows(run, 'step', {})).map((row): Row => ({ kind: 'step', ...row }));
        const outcome = await alone(store, one);
        if (outcome.status !== 'committed') return outcome;
        if (one.remove !== undefined) left.set(run, steps);
        if (one.create === true) await alone(store, { run, owner, fence, put: left.get(run) ?? [] });
        return outcome;
      })(store);
      return { commit: commit! };
    },
  },
];
