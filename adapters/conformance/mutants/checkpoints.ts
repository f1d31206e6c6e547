/** Checkpoints that are not what was written. */
import { changing, type Mutant, without } from './mutant.ts';

export const checkpoints: readonly Mutant[] = [
  {
    name: 'loads from the base before',
    caughtBy: 'loading at a seq gives the rows from its base up to it',
    breaks: (store) => ({
      load: async (run, at) => {
        const rows = await store.load(run, at);
        return [...(await store.load(run, (rows[0]?.seq ?? 0) - 1)), ...rows];
      },
    }),
  },
  {
    name: 'loads the checkpoint before where there is none',
    caughtBy: 'loading at a seq that no checkpoint has gives nothing',
    breaks: (store) => ({
      load: async (run, at) => {
        const [nearest] = await store.history(run, { to: at, descending: true, limit: 1 });
        return store.load(run, at === undefined ? undefined : nearest?.seq);
      },
    }),
  },
  {
    name: 'tells no size in the history',
    caughtBy: 'history tells all but the body, and its size',
    breaks: (store) => ({
      history: async (run, scan) => (await store.history(run, scan)).map((row) => ({ ...row, bytes: 0 })),
    }),
  },
  {
    name: 'leaves out the last seq of a range',
    caughtBy: 'history of a range has both its ends',
    breaks: (store) => ({
      history: (run, { to = Infinity, ...scan }) => store.history(run, { ...scan, to: to - 1 }),
    }),
  },
  {
    name: 'goes from old to new in a range, whatever is asked for',
    caughtBy: 'history descending goes from new to old',
    breaks: (store) => ({
      history: (run, { descending, ...scan }) =>
        store.history(run, scan.to === undefined ? { ...scan, descending } : scan),
    }),
  },
  {
    name: 'deletes one checkpoint too many',
    caughtBy: 'cutting history deletes all below the base that is named, and keeps that one',
    breaks: changing(({ dropBefore, ...rest }) =>
      dropBefore === undefined ? rest : { ...rest, dropBefore: dropBefore + 1 },
    ),
  },
  {
    name: 'ignores `dropFrom`',
    caughtBy: 'cutting history from a seq on leaves what is before it, which can still be read',
    breaks: without('dropFrom'),
  },
  {
    name: 'keeps all history',
    caughtBy: 'cutting history deletes all below the base that is named, and keeps that one',
    breaks: without('dropBefore'),
  },
  {
    name: 'does not move `updatedAt`',
    caughtBy: 'a commit of a checkpoint alone moves seq and updatedAt, and leaves the head',
    breaks: (store) => ({
      runs: async (scan) => (await store.runs(scan)).map((run) => ({ ...run, updatedAt: run.createdAt })),
    }),
  },
];
