/** Handles that do not know of each other, or forget. */
import type { CheckpointRow } from '../../../src/store.ts';
import { sleep } from '../fixtures.ts';
import { alone, eachCommit, type Mutant } from './mutant.ts';

export const handles: readonly Mutant[] = [
  {
    name: 'does not close',
    caughtBy: 'a closed store answers load with a StoreError, nothing written',
    breaks: () => ({ close: () => {} }),
  },
  {
    name: 'loads what it has in its cache',
    caughtBy: 'two handles on one store take turns at one run, for the owner that holds it',
    breaks: (store) => {
      const known = new Map<string, CheckpointRow[]>();
      return {
        commit: async (batch) => {
          const outcomes = await store.commit(batch);
          for (const { run } of batch) known.set(run, await store.load(run));
          return outcomes;
        },
        load: async (run, at) => (at === undefined ? known.get(run) : undefined) ?? store.load(run, at),
      };
    },
  },
  {
    name: 'compares fences with those in its cache',
    caughtBy: 'two handles on one store fence each other: a run that one takes is lost to the other',
    breaks: (store) => {
      const known = new Map<string, number>();
      const { commit } = eachCommit(async (_, one) => {
        const outcome = await alone(store, one);
        if (one.create === true) known.set(one.run, one.fence);
        if (outcome.status !== 'fenced' || known.get(one.run) !== one.fence) return outcome;
        const [found] = await store.runs({ run: one.run, limit: 1 });
        return found === undefined ? outcome : alone(store, { ...one, fence: found.fence });
      })(store);
      return {
        commit: commit!,
        acquire: async (run, owner) => {
          const answer = await store.acquire(run, owner);
          if (answer.status === 'acquired') known.set(run, answer.fence);
          return answer;
        },
      };
    },
  },
  {
    name: 'looks whether a message is there, and leaves it then',
    caughtBy: 'two handles at once leave a message under one id: it is there once, and both know which',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        const [found] = await store.rows(run, 'inbox', { key: message.id });
        await sleep(1);
        const answer = await store.enqueue(run, message, unless);
        return found === undefined && answer.status === 'known' ? { status: 'queued' } : answer;
      },
    }),
  },
  {
    name: 'looks whether a run is there, and creates it then',
    caughtBy: 'two handles at once create a run with one id: one does, and the other is told that it exists',
    breaks: (store) => ({
      commit: async (batch) => {
        const [first] = batch;
        if (batch.length !== 1 || first?.create !== true) return store.commit(batch);
        const [found] = await store.runs({ run: first.run, limit: 1 });
        await sleep(1);
        const [outcome] = await store.commit(batch);
        const overwritten = found === undefined && outcome?.status === 'exists';
        return [overwritten ? { status: 'committed' } : outcome!];
      },
    }),
  },
  {
    name: 'has its messages in this handle alone',
    caughtBy:
      'a store that is opened again has the messages that wait, in their order, and new ones come behind them',
    breaks: (store) => {
      const left = new Map<string, string[]>();
      return {
        enqueue: async (run, message, unless) => {
          const answer = await store.enqueue(run, message, unless);
          if (answer.status === 'queued') left.set(run, [...(left.get(run) ?? []), message.id]);
          return answer;
        },
        rows: async (run, kind, scan) => {
          const found = await store.rows(run, kind, scan);
          return kind === 'inbox' ? found.filter(({ key }) => left.get(run)?.includes(key)) : found;
        },
      };
    },
  },
  {
    name: 'gives its leases up when it is closed',
    caughtBy:
      'a store that is opened again has its runs still held, by owners whose leases were not given up',
    breaks: (store) => {
      const owners = new Set<string>();
      return {
        lease: (owner, ms) => {
          owners.add(owner);
          return store.lease(owner, ms);
        },
        close: async () => {
          for (const owner of owners) await store.lease(owner, 0);
          owners.clear();
          await store.close();
        },
      };
    },
  },
  {
    name: 'forgets its tombstones when it is closed',
    caughtBy: 'a store that is opened again has its tombstones, and nothing of what they stand for',
    breaks: (store) => {
      const removed = new Map<string, number>();
      const buried = (run: string): boolean => (removed.get(run) ?? 0) > Date.now();
      const { commit } = eachCommit(async (_, one) => {
        if (one.create === true && buried(one.run)) return { status: 'exists' };
        const outcome = await alone(store, one.remove === undefined ? one : { ...one, remove: 0 });
        if (outcome.status === 'committed' && one.remove !== undefined)
          removed.set(one.run, Date.now() + one.remove);
        return outcome;
      })(store);
      return {
        commit: commit!,
        acquire: (run, owner) => (buried(run) ? { status: 'deleted' } : store.acquire(run, owner)),
        enqueue: (run, message, unless) =>
          buried(run) ? { status: 'deleted' } : store.enqueue(run, message, unless),
      };
    },
  },
  {
    name: 'gives no hint of a message',
    caughtBy: 'a store that is listened to tells soon of a message that was left through another handle',
    breaks: () => ({ listen: () => () => {} }),
  },
  {
    name: 'gives hints to who has ended it',
    caughtBy: 'a store that is listened to tells all who listen, and is silent for who has ended it',
    breaks: (store) => ({
      listen: async (wake) => {
        await store.listen!(wake);
        return () => {};
      },
    }),
  },
];
