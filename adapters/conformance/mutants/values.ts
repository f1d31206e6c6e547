/** Values that come back as something else. */
import type { Row, RunCommit, StoredRun } from '../../../src/store.ts';
import { changing, type Mutant } from './mutant.ts';

/** Reads values of rows as something else. */
function reading(change: (value: Row['value']) => unknown): Mutant['breaks'] {
  return (store) => ({
    rows: async (run, kind, scan) =>
      (await store.rows(run, kind, scan)).map(({ key, value }) => ({ key, value: change(value) as string })),
  });
}

const upToNul = (text: string): string => text.split('\0')[0]!;

export const values: readonly Mutant[] = [
  {
    name: 'cuts texts at NUL',
    caughtBy: 'values of text come back as they were, NUL and invisible characters included',
    breaks: changing((commit) => ({
      ...commit,
      checkpoints: commit.checkpoints?.map((row) => ({ ...row, body: upToNul(row.body) })),
    })),
  },
  {
    name: 'gives bytes back as a list of numbers',
    caughtBy: 'rows may be bytes',
    breaks: reading((value) => (typeof value === 'string' ? value : [...value])),
  },
  {
    name: 'gives bytes back as text',
    caughtBy: 'rows may be bytes',
    breaks: reading((value) => (typeof value === 'string' ? value : Buffer.from(value).toString('latin1'))),
  },
  {
    name: 'gives bytes back as a Buffer',
    caughtBy: 'values of bytes come back as they were, and are nobody else’s',
    breaks: reading((value) => (typeof value === 'string' ? value : Buffer.from(value))),
  },
  {
    name: 'gives no bytes back as no text',
    caughtBy: 'values of bytes come back as they were, and are nobody else’s',
    breaks: reading((value) => (value.length === 0 ? '' : value)),
  },
  {
    name: 'keeps the bytes that it was given, not a copy',
    caughtBy: 'values of bytes come back as they were, and are nobody else’s',
    breaks: (store) => {
      const given = new Map<string, Row['value']>();
      return {
        commit: (batch) => {
          for (const { run, put = [] } of batch) {
            for (const { kind, key, value } of put) given.set([run, kind, key].join('\n'), value);
          }
          return store.commit(batch);
        },
        rows: async (run, kind, scan) =>
          (await store.rows(run, kind, scan)).map(({ key, value }) => ({
            key,
            value: given.get([run, kind, key].join('\n')) ?? value,
          })),
      };
    },
  },
  {
    name: 'gives its own tags out, not a copy',
    caughtBy: 'values are copies: nobody changes them from outside',
    breaks: (store) => {
      const known = new Map<string, StoredRun>();
      return {
        runs: async (scan) =>
          (await store.runs(scan)).map((run) => {
            const old = known.get(run.run);
            if (old?.seq === run.seq && old.fence === run.fence && old.more === run.more) return old;
            known.set(run.run, run);
            return run;
          }),
      };
    },
  },
  {
    name: 'cuts values at five megabytes',
    caughtBy: 'a value of six megabytes is stored whole, wherever it is',
    breaks: changing((commit) => ({
      ...commit,
      put: commit.put?.map((row) => ({ ...row, value: row.value.slice(0, 5 * 1024 * 1024) })),
    })),
  },
  {
    name: 'cuts ids at 255 characters',
    caughtBy: 'values are found under their ids and under no other, whatever the characters',
    breaks: changing((commit) => ({ ...commit, run: commit.run.slice(0, 255) })),
  },
  {
    name: 'takes ids in capitals for others',
    caughtBy: 'values with ids of one beginning, or in capitals, are not mixed up',
    breaks: (store) => {
      const small = (commit: RunCommit): RunCommit => ({ ...commit, run: commit.run.toLowerCase() });
      return { commit: (batch) => store.commit(batch.map(small)) };
    },
  },
  {
    name: 'normalizes ids',
    caughtBy: 'values with ids of one beginning, or in capitals, are not mixed up',
    breaks: changing((commit) => ({ ...commit, run: commit.run.normalize() })),
  },
  {
    name: 'sorts tags',
    caughtBy: 'values of tags keep their order',
    breaks: changing((commit) =>
      commit.head === undefined
        ? commit
        : { ...commit, head: { ...commit.head, tags: commit.head.tags.toSorted() } },
    ),
  },
];
