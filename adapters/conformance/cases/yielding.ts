/** A commit that is not to be written where a message waits. */
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  commit,
  creation,
  find,
  head,
  keysOf,
  leave,
  loaded,
  owner,
  question,
  questionIds,
  rowOf,
  statuses,
  turn,
} from '../fixtures.ts';

const full = {
  head: head({ status: 'done', machine: 'x' }),
  put: [{ kind: 'event', key: 'e', value: '' }],
  ask: [question('r/q')],
  take: ['a'],
  release: true,
  unless: ['m'],
} as const;

export const yielding: CaseGroup = group(
  'a commit that yields to a message',
  (it) => {
    it('writes nothing where it waits, and is given it', async ({ store }) => {
      await leave(store, 'r', 'a', 'm');
      const outcomes = await store.commit([turn('r', 2, full)]);
      equal(outcomes, [{ status: 'taken', message: { id: 'm', value: 'value of m' } }]);
      equal(await loaded(store, 'r'), [1]);
      contains(await find(store, 'r'), { seq: 1, status: 'running', machine: 'refund' });
      equal(await rowOf(store, 'r', 'event', 'e'), undefined);
      equal(await questionIds(store), []);
      equal(await keysOf(store, 'r', 'inbox'), ['a', 'm']);
      equal(await statuses(store, turn('r', 2)), ['committed']);
    });

    it('writes everything where it does not', async ({ store }) => {
      await leave(store, 'r', 'a');
      await leave(store, 's', 'm');
      equal(await statuses(store, turn('r', 2, full)), ['committed']);
      equal(await loaded(store, 'r'), [1, 2]);
      equal(await keysOf(store, 'r', 'inbox'), []);
      equal(await questionIds(store), ['r/q']);
    });

    it('yields though it holds little', async ({ store }) => {
      await leave(store, 'r', 'm');
      const bare = { run: 'r', owner, fence: 1, unless: ['m'] };
      equal(await statuses(store, turn('r', 2, { unless: ['m'] })), ['taken'], 'a checkpoint');
      equal(await statuses(store, bare), ['taken'], 'nothing');
      const put = [{ kind: 'step', key: 'k', value: '' }] as const;
      equal(await statuses(store, { ...bare, put }), ['taken'], 'a row');
      equal(await loaded(store, 'r'), [1]);
      equal(await keysOf(store, 'r', 'step'), []);
    });

    it('does not keep others of its batch from being written', async ({ store }) => {
      await leave(store, 'r', 'm');
      await leave(store, 's', 'a');
      const outcomes = await statuses(
        store,
        turn('s', 2, { take: ['a'] }),
        turn('r', 2, full),
        turn('t', 2, { unless: ['m'] }),
        turn('s', 3),
        creation('new', { unless: ['m'] }),
      );
      equal(outcomes, ['committed', 'taken', 'committed', 'committed', 'committed']);
      equal(await loaded(store, 'r'), [1]);
      equal(await loaded(store, 's'), [1, 2, 3]);
      equal(await keysOf(store, 's', 'inbox'), []);
    });

    it('is fenced or in conflict first', async ({ store }) => {
      await leave(store, 'r', 'm');
      equal(await statuses(store, turn('r', 2, { unless: ['m'], fence: 9 })), ['fenced']);
      equal(await statuses(store, turn('r', 9, { unless: ['m'] })), ['conflict']);
    });
  },
  { before: ({ store }) => commit(store, creation('r'), creation('s'), creation('t')) },
);
