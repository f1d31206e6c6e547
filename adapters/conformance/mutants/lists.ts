/** Runs that are listed wrongly. */
import type { RunScan } from '../../../src/store.ts';
import { changing, type Mutant } from './mutant.ts';

/** Asks for something else than was asked for. */
function asking(change: (scan: RunScan) => RunScan): Mutant['breaks'] {
  return (store) => ({ runs: (scan) => store.runs(change(scan)) });
}

export const lists: readonly Mutant[] = [
  {
    name: 'goes forward after a run, whatever is asked for',
    caughtBy: 'listing runs descending after a run gives those before it',
    breaks: asking((scan) => (scan.after === undefined ? scan : { ...scan, descending: false })),
  },
  {
    name: 'skips runs that started at the same time as the one before the page',
    caughtBy: 'listing runs page by page gives the same as at once, in both directions',
    breaks: asking((scan) =>
      scan.after === undefined || scan.descending === true
        ? scan
        : { ...scan, after: { ...scan.after, run: '\uffff' } },
    ),
  },
  {
    name: 'includes the end of a range of time',
    caughtBy: 'listing runs by the time they started has the first instant and not the last',
    breaks: asking(({ createdTo, ...scan }) =>
      createdTo === undefined ? scan : { ...scan, createdTo: createdTo + 1 },
    ),
  },
  {
    name: 'gives a run once for each time its status is named',
    caughtBy: 'listing runs by a status that is named twice gives each run once',
    breaks: (store) => ({
      runs: async (scan) => {
        const found = await store.runs(scan);
        const { status } = scan;
        return status === undefined
          ? found
          : found.flatMap((run) => status.filter((one) => one === run.status).map(() => run));
      },
    }),
  },
  {
    name: 'takes no status for any status',
    caughtBy: 'listing runs by no status gives none',
    breaks: asking(({ status, ...scan }) => (status?.length === 0 ? scan : { ...scan, status })),
  },
  {
    name: 'counts the limit of runs before the tag',
    caughtBy: 'listing runs by tag gives those that have it',
    breaks: (store) => ({
      runs: async ({ tag, ...scan }) =>
        (await store.runs(scan)).filter(({ tags }) => tag === undefined || tags.includes(tag)),
    }),
  },
  {
    name: 'finds runs by tags that they had',
    caughtBy: 'a commit with a head replaces all of the old one, in every list',
    breaks: (store) => {
      const had = new Map<string, Set<string>>();
      return {
        commit: (batch) => {
          for (const { run, head } of batch) {
            for (const tag of head?.tags ?? []) had.set(tag, (had.get(tag) ?? new Set()).add(run));
          }
          return store.commit(batch);
        },
        runs: async ({ tag, ...scan }) => {
          if (tag === undefined) return store.runs(scan);
          const all = await store.runs({ ...scan, limit: 1e9 });
          return all.filter(({ run }) => had.get(tag)?.has(run)).slice(0, scan.limit);
        },
      };
    },
  },
  {
    name: 'ignores whose the runs are to be',
    caughtBy: 'listing runs by owner gives the runs that it holds',
    breaks: asking((scan) => ({ ...scan, owner: undefined })),
  },
  {
    name: 'takes held runs for free ones',
    caughtBy: 'listing runs of the free ones leaves out those whose owner has a lease',
    breaks: asking((scan) => ({ ...scan, free: undefined })),
  },
  {
    name: 'never tells that the messages of a run are taken',
    caughtBy: 'listing runs of runs for which messages wait follows what comes and what is taken',
    breaks: (store) => {
      const had = new Set<string>();
      return {
        enqueue: (run, message, unless) => {
          had.add(run);
          return store.enqueue(run, message, unless);
        },
        runs: async ({ undelivered, ...scan }) => {
          if (undelivered === undefined) return store.runs(scan);
          const all = await store.runs({ ...scan, limit: 1e9 });
          return all.filter(({ run }) => had.has(run)).slice(0, scan.limit);
        },
      };
    },
  },
  {
    name: 'lists what is due by the time it started',
    caughtBy: 'listing what is due gives them by that time, then by id',
    breaks: (store) => ({
      runs: async ({ dueTo, ...scan }) => {
        if (dueTo === undefined) return store.runs(scan);
        const all = await store.runs({ ...scan, limit: 1e9 });
        return all.filter(({ due = Infinity }) => due <= dueTo).slice(0, scan.limit);
      },
    }),
  },
  {
    name: 'leaves out what is due at this instant',
    caughtBy: 'listing what is due gives the runs whose time has come, at that instant too',
    breaks: asking(({ dueTo, ...scan }) => (dueTo === undefined ? scan : { ...scan, dueTo: dueTo - 0.001 })),
  },
  {
    name: 'lists runs as due that no longer are',
    caughtBy: 'listing what is due follows each commit, and each removal',
    breaks: (store) => {
      const had = new Map<string, number>();
      return {
        commit: (batch) => {
          for (const { run, head } of batch) if (head?.due !== undefined) had.set(run, head.due);
          return store.commit(batch);
        },
        runs: async ({ dueTo, ...scan }) => {
          if (dueTo === undefined || scan.descending === true) return store.runs({ ...scan, dueTo });
          const all = await store.runs({ ...scan, limit: 1e9 });
          const dueAt = ({ run }: { run: string }): number => had.get(run) ?? Infinity;
          const found = all.filter((run) => dueAt(run) <= dueTo);
          return found.sort((a, b) => dueAt(a) - dueAt(b) || (a.run < b.run ? -1 : 1)).slice(0, scan.limit);
        },
      };
    },
  },
  {
    name: 'rounds times',
    caughtBy: 'values of time come back as they were, far ones and fractions of a millisecond included',
    breaks: changing((commit) =>
      commit.head?.due === undefined
        ? commit
        : { ...commit, head: { ...commit.head, due: Math.round(commit.head.due) } },
    ),
  },
  {
    name: 'gives a thousand runs at most',
    caughtBy:
      'many runs are listed page by page, completely and in order, both ways, where they are ten thousand',
    breaks: asking((scan) => ({ ...scan, limit: Math.min(scan.limit, 1000) })),
  },
];
