/** Messages that are lost, doubled or mixed up. */
import { rowKinds } from '../fixtures.ts';
import { alone, changing, eachCommit, type Mutant, without } from './mutant.ts';

export const inbox: readonly Mutant[] = [
  {
    name: 'says of a message that it knows that it is queued',
    caughtBy: 'an inbox keeps a message once, and tells what is known under its id',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        const answer = await store.enqueue(run, message, unless);
        return answer.status === 'known' && unless === undefined ? { status: 'queued' } : answer;
      },
    }),
  },
  {
    name: 'does not tell what is known',
    caughtBy: 'an inbox keeps a message once, and tells what is known under its id',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        const answer = await store.enqueue(run, message, unless);
        return answer.status === 'known' ? { ...answer, value: message.value } : answer;
      },
    }),
  },
  {
    name: 'gives messages by their ids',
    caughtBy: 'an inbox has messages in the order in which they came',
    breaks: (store) => ({
      rows: async (run, kind, scan) => {
        const rows = await store.rows(run, kind, scan);
        return kind === 'inbox' ? rows.sort((a, b) => (a.key < b.key ? -1 : 1)) : rows;
      },
    }),
  },
  {
    name: 'begins with nothing after a message that is gone',
    caughtBy: 'an inbox after a message that is gone begins with the first one',
    breaks: (store) => ({
      rows: async (run, kind, scan) => {
        if (kind === 'inbox' && scan.after !== undefined) {
          const found = await store.rows(run, kind, { key: scan.after });
          if (found.length === 0) return [];
        }
        return store.rows(run, kind, scan);
      },
    }),
  },
  {
    name: 'leaves messages for runs that are not there',
    caughtBy: 'an inbox is there for a run that exists, and for no other',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        const answer = await store.enqueue(run, message, unless);
        return answer.status === 'missing' ? { status: 'queued' } : answer;
      },
    }),
  },
  {
    name: 'leaves a message though the row is there',
    caughtBy: 'an inbox takes no message where the row that is named is there, and tells its value',
    breaks: (store) => ({ enqueue: (run, message) => store.enqueue(run, message) }),
  },
  {
    name: 'takes a row of another kind for the one that is named',
    caughtBy: 'an inbox takes the message where only a row of another key, kind or run is there',
    breaks: (store) => ({
      enqueue: async (run, message, unless) => {
        for (const kind of unless === undefined ? [] : rowKinds) {
          const [row] = await store.rows(run, kind, { key: unless!.key });
          if (row !== undefined) return { status: 'known', value: row.value as string };
        }
        return store.enqueue(run, message);
      },
    }),
  },
  {
    name: 'forgets to take messages',
    caughtBy:
      'a commit that takes messages leaves the others of the run, in their order, and those of other runs',
    breaks: without('take'),
  },
  {
    name: 'takes all messages',
    caughtBy:
      'a commit that takes messages leaves the others of the run, in their order, and those of other runs',
    breaks: eachCommit(async (store, commit) => {
      if (commit.take === undefined) return alone(store, commit);
      const waiting = await store.rows(commit.run, 'inbox', {});
      return alone(store, { ...commit, take: waiting.map(({ key }) => key) });
    }),
  },
  {
    name: 'knows the ids of messages for good',
    caughtBy:
      'a commit that takes messages makes room for a message with the same id, behind those that wait',
    breaks: (store) => {
      const known = new Map<string, string>();
      return {
        enqueue: async (run, message, unless) => {
          const value = known.get(`${run}\n${message.id}`);
          if (value !== undefined) return { status: 'known', value };
          const answer = await store.enqueue(run, message, unless);
          if (answer.status === 'queued') known.set(`${run}\n${message.id}`, message.value);
          return answer;
        },
      };
    },
  },
  {
    name: 'ignores `unless`',
    caughtBy: 'a commit that yields to a message writes nothing where it waits, and is given it',
    breaks: without('unless'),
  },
  {
    name: 'looks at the first message of `unless` alone',
    caughtBy: 'a commit that is refused as a message waits writes nothing',
    breaks: changing(({ unless, ...rest }) =>
      unless === undefined ? rest : { ...rest, unless: unless.slice(0, 1) },
    ),
  },
  {
    name: 'yields before it looks at the fence',
    caughtBy: 'a commit that yields to a message is fenced or in conflict first',
    breaks: eachCommit(async (store, commit) => {
      for (const id of commit.unless ?? []) {
        const [found] = await store.rows(commit.run, 'inbox', { key: id });
        if (found !== undefined) return { status: 'taken', message: { id, value: found.value as string } };
      }
      return alone(store, commit);
    }),
  },
];
