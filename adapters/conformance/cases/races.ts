/** What two handles do at the same time. */
import type { Outcome, RunCommit, Store } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  commit,
  creation,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  rowOf,
  runIds,
  turn,
} from '../fixtures.ts';

/** Enough to meet, few enough for a slow store. */
const rounds = 10;

/** Commits as the core does: what failed, and may go well, is tried again. */
async function committed(store: Store, one: RunCommit): Promise<Outcome['status']> {
  for (let attempt = 0; ; attempt++) {
    const [outcome] = await store.commit([one]);
    if (outcome?.status !== 'failed') return outcome!.status;
    if (!outcome.retry || attempt > 50) throw outcome.error;
  }
}

export const races: CaseGroup = group(
  'two handles at once',
  (it) => {
    const on = (promise: string, body: (one: Store, other: Store) => Promise<void>): void =>
      it(promise, async ({ store, open }) => body(store, await open()));

    on('commit to one run: exactly one of them wins, and leaves all that it wrote', async (one, other) => {
      await commit(one, creation('r'));
      for (let seq = 2; seq < 2 + rounds; seq++) {
        const own = (by: string): RunCommit =>
          turn('r', seq, {
            checkpoints: [checkpoint(seq, { body: by })],
            head: head({ more: by }),
            put: [{ kind: 'step', key: `${seq} by ${by}`, value: by }],
          });
        const outcomes = await Promise.all([committed(one, own('one')), committed(other, own('other'))]);
        equal(outcomes.toSorted(), ['committed', 'conflict'], `seq ${seq}`);
        const winner = outcomes[0] === 'committed' ? 'one' : 'other';
        contains((await one.load('r')).at(-1), { seq, body: winner }, `seq ${seq}`);
        equal(await keysOf(other, 'r', 'step', { prefix: `${seq} ` }), [`${seq} by ${winner}`]);
        contains((await one.runs({ run: 'r', limit: 1 }))[0], { more: winner }, `seq ${seq}`);
      }
    });

    on('create a run with one id: one does, and the other is told that it exists', async (one, other) => {
      await other.lease('owner-2', minute);
      for (let i = 0; i < rounds; i++) {
        const run = `r${i}`;
        const outcomes = await Promise.all([
          committed(one, creation(run, { put: [{ kind: 'event', key: 'by', value: owner }] })),
          committed(
            other,
            creation(run, { owner: 'owner-2', put: [{ kind: 'event', key: 'by', value: 'owner-2' }] }),
          ),
        ]);
        equal(outcomes.toSorted(), ['committed', 'exists'], run);
        const winner = outcomes[0] === 'committed' ? owner : 'owner-2';
        equal(await rowOf(one, run, 'event', 'by'), winner, run);
        equal(await runIds(one, { run, owner: winner }), [run]);
      }
    });

    on('take one run: one has it, and the other is told who holds it', async (one, other) => {
      await one.lease('owner-2', minute);
      await other.lease('owner-3', minute);
      for (let i = 0; i < rounds; i++) {
        const run = `r${i}`;
        await commit(one, creation(run, { release: true }));
        const answers = await Promise.all([one.acquire(run, 'owner-2'), other.acquire(run, 'owner-3')]);
        equal(answers.map(({ status }) => status).toSorted(), ['acquired', 'held'], run);
        contains(
          answers.find(({ status }) => status === 'acquired'),
          { fence: 2 },
          run,
        );
      }
    });

    on(
      'take one run for one owner: each has a fence of its own, and the higher one counts',
      async (one, other) => {
        await commit(one, creation('r'));
        const fences = (await Promise.all([one.acquire('r', owner), other.acquire('r', owner)])).map(
          (answer) => (answer.status === 'acquired' ? answer.fence : 0),
        );
        equal(
          fences.toSorted((a, b) => a - b),
          [2, 3],
        );
        equal(await committed(one, turn('r', 2, { fence: 2 })), 'fenced');
        equal(await committed(other, turn('r', 2, { fence: 3 })), 'committed');
      },
    );

    on('leave a message under one id: it is there once, and both know which', async (one, other) => {
      await commit(one, creation('r'));
      for (let i = 0; i < rounds; i++) {
        const id = `m${i}`;
        const answers = await Promise.all([
          one.enqueue('r', { id, value: 'of one' }),
          other.enqueue('r', { id, value: 'of other' }),
        ]);
        equal(answers.map(({ status }) => status).toSorted(), ['known', 'queued'], id);
        const value = answers[0].status === 'queued' ? 'of one' : 'of other';
        contains(
          answers.find(({ status }) => status === 'known'),
          { value },
          id,
        );
        equal(await one.rows('r', 'inbox', { key: id }), [{ key: id, value }]);
      }
      equal((await keysOf(other, 'r', 'inbox')).length, rounds);
    });

    on('leave messages for one run: all are there, each handle’s in its order', async (one, other) => {
      await commit(one, creation('r'));
      const leaveAll = async (store: Store, by: string): Promise<void> => {
        for (let i = 0; i < rounds; i++) await store.enqueue('r', { id: `${by}${i}`, value: '' });
      };
      await Promise.all([leaveAll(one, 'a'), leaveAll(other, 'b')]);
      const ids = await keysOf(one, 'r', 'inbox');
      equal(ids.length, 2 * rounds);
      for (const by of ['a', 'b']) {
        const expected = Array.from({ length: rounds }, (_, i) => `${by}${i}`);
        equal(
          ids.filter((id) => id.startsWith(by)),
          expected,
        );
      }
      equal(await keysOf(other, 'r', 'inbox'), ids);
    });

    on('commit to runs of their own: both go well, in batches too', async (one, other) => {
      const of = (by: string): string[] => Array.from({ length: 20 }, (_, i) => `${by}${i}`);
      await commit(one, ...of('a').map((id) => creation(id)), ...of('b').map((id) => creation(id)));
      const work = async (store: Store, by: string): Promise<void> => {
        for (let seq = 2; seq < 8; seq++) {
          const batch = of(by).map((id) => turn(id, seq));
          const outcomes = seq % 2 === 0 ? await store.commit(batch) : [];
          for (const [i, one] of batch.entries()) {
            const status = outcomes[i]?.status ?? 'failed';
            equal(status === 'failed' ? await committed(store, one) : status, 'committed', one.run);
          }
        }
      };
      await Promise.all([work(one, 'a'), work(other, 'b')]);
      for (const id of [...of('a'), ...of('b')]) equal(await loaded(one, id), [1, 2, 3, 4, 5, 6, 7], id);
    });
  },
  { need: 'shared' },
);
