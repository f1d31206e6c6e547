/** Questions that are open where they should not be. */
import type { QuestionScan, StoredQuestion } from '../../../src/store.ts';
import { alone, eachCommit, holders, type Mutant } from './mutant.ts';

/** Asks for something else than was asked for. */
function asking(change: (scan: QuestionScan) => QuestionScan): Mutant['breaks'] {
  return (store) => ({ questions: (scan) => store.questions(change(scan)) });
}

export const questions: readonly Mutant[] = [
  {
    name: 'lets a run take over another run’s question',
    caughtBy: 'questions are not taken over from another run: its commit fails and writes nothing',
    breaks: (store) => {
      const { of, lease } = holders(store);
      const { commit } = eachCommit(async (_, one) => {
        for (const { id } of one.ask ?? []) {
          const [open] = await store.questions({ id, limit: 1 });
          const holder = open === undefined || open.run === one.run ? undefined : await of(open.run);
          if (holder !== undefined) await alone(store, { ...holder, close: [id] });
        }
        return alone(store, one);
      })(store);
      return { lease, commit: commit! };
    },
  },
  {
    name: 'lets a run close another run’s question',
    caughtBy: 'questions are closed by their own run only',
    breaks: (store) => {
      const { of, lease } = holders(store);
      const { commit } = eachCommit(async (_, one) => {
        const outcome = await alone(store, one);
        for (const id of outcome.status === 'committed' ? (one.close ?? []) : []) {
          const [open] = await store.questions({ id, limit: 1 });
          const holder = open === undefined ? undefined : await of(open.run);
          if (holder !== undefined) await alone(store, { ...holder, close: [id] });
        }
        return outcome;
      })(store);
      return { lease, commit: commit! };
    },
  },
  {
    name: 'closes questions after it asks them',
    caughtBy: 'questions may be asked anew by the commit that closes them',
    breaks: eachCommit(async (store, { close, ...commit }) => {
      const outcome = await alone(store, commit);
      const { run, owner, fence } = commit;
      if (outcome.status === 'committed' && close !== undefined)
        await alone(store, { run, owner, fence, close });
      return outcome;
    }),
  },
  {
    name: 'finds the questions of a removed run by their assignee',
    caughtBy: 'questions go with their run, and those of others stay',
    breaks: (store) => {
      const ghosts: StoredQuestion[] = [];
      const { commit } = eachCommit(async (_, one) => {
        const left = one.remove === undefined ? [] : await store.questions({ run: one.run, limit: 99 });
        const outcome = await alone(store, one);
        if (outcome.status === 'committed') ghosts.push(...left);
        return outcome;
      })(store);
      return {
        commit: commit!,
        questions: async (scan) => {
          const found = await store.questions(scan);
          return [
            ...found,
            ...ghosts.filter(({ assignee }) => assignee !== undefined && assignee === scan.assignee),
          ];
        },
      };
    },
  },
  {
    name: 'gives questions that opened at a time for those before it',
    caughtBy: 'listing questions opened before a time leaves out those that opened then',
    breaks: asking(({ openedTo, ...scan }) =>
      openedTo === undefined ? scan : { ...scan, openedTo: openedTo + 1 },
    ),
  },
  {
    name: 'gives the question `after` again',
    caughtBy: 'listing questions after a question, open or closed, gives those behind it',
    breaks: asking(({ after, ...scan }) =>
      after === undefined ? scan : { ...scan, after: { ...after, id: after.id.slice(0, -1) } },
    ),
  },
  {
    name: 'lists questions by id alone',
    caughtBy: 'listing questions gives them by the time they opened, then by id, and no more than the limit',
    breaks: (store) => ({
      questions: async (scan) => (await store.questions(scan)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    }),
  },
];
