/** Two handles on one store, as two processes or two tabs have them. */
import type { Store } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  checkpointed,
  commit,
  contents,
  creation,
  find,
  head,
  historyOf,
  keysOf,
  leave,
  loaded,
  minute,
  owner,
  puts,
  question,
  questionIds,
  removal,
  runIds,
  statuses,
  turn,
} from '../fixtures.ts';

const bare = { run: 'r', owner, fence: 1 } as const;

export const handles: CaseGroup = group(
  'two handles on one store',
  (it) => {
    const on = (promise: string, body: (one: Store, other: Store) => Promise<void>): void =>
      it(promise, async ({ store, open }) => body(store, await open()));

    on('see what is committed through the other one', async (one, other) => {
      const put = [{ kind: 'event', key: 'e', value: 'v' }] as const;
      const ask = [question('r/q', { tags: ['x'] })];
      await commit(one, turn('r', 2, { head: head({ tags: ['x'], due: 5 }), put, ask }));
      equal(await contents(other, 'r'), await contents(one, 'r'));
      equal(await loaded(other, 'r'), [1, 2]);
      equal(await runIds(other, { tag: 'x' }), ['r']);
      equal(await runIds(other, { dueTo: 5 }), ['r']);
      equal(await questionIds(other, { tag: 'x' }), ['r/q']);
    });

    on('take turns at one run, for the owner that holds it', async (one, other) => {
      for (let seq = 2; seq < 10; seq += 2) {
        await commit(one, turn('r', seq));
        equal(await statuses(other, turn('r', seq)), ['conflict']);
        await commit(other, turn('r', seq + 1, { put: [{ kind: 'step', key: `${seq}`, value: '' }] }));
        equal((await one.load('r')).at(-1)?.seq, seq + 1);
        equal(await statuses(one, turn('r', seq + 1)), ['conflict']);
      }
      equal(await loaded(one, 'r'), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      equal(await loaded(other, 'r'), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      equal(await keysOf(one, 'r', 'step'), ['2', '4', '6', '8']);
    });

    on('keep each other’s owners out, and know each other’s leases', async (one, other) => {
      await other.lease('owner-2', minute);
      contains(await other.acquire('r', 'owner-2'), { status: 'held' });
      contains(await one.acquire('r', 'owner-2'), { status: 'held' });
      equal(await runIds(other, { free: true }), []);
      await one.lease(owner, 0);
      equal(await runIds(other, { free: true }), ['r', 's']);
      equal(await other.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
      await one.lease(owner, minute);
      contains(await one.acquire('r', owner), { status: 'held' });
      equal(await runIds(one, { owner: 'owner-2' }), ['r']);
    });

    on('fence each other: a run that one takes is lost to the other', async (one, other) => {
      await commit(one, puts('r', 'step', 'mine'));
      equal(await other.acquire('r', owner), { status: 'acquired', fence: 2 });
      equal(await statuses(one, turn('r', 2)), ['fenced'], 'a checkpoint');
      equal(await statuses(one, puts('r', 'step', 'late')), ['fenced'], 'a row');
      equal(await statuses(one, puts('r', 'event', 'late', 'later')), ['fenced'], 'rows');
      equal(await statuses(one, { ...bare, head: head({ status: 'done' }) }), ['fenced'], 'a head');
      equal(await statuses(one, turn('s', 2), turn('r', 2)), ['committed', 'fenced'], 'a batch');
      equal(await statuses(one, removal('r')), ['fenced'], 'a removal');
      await commit(other, turn('r', 2, { fence: 2 }));
      equal(await keysOf(one, 'r', 'step'), ['mine']);
      equal(await loaded(one, 'r'), [1, 2]);
    });

    on('find a run that the other one has let go of', async (one, other) => {
      await commit(one, turn('r', 2, { release: true }));
      await other.lease('owner-2', minute);
      equal(await other.acquire('r', 'owner-2'), { status: 'acquired', fence: 2 });
      await commit(other, turn('r', 3, { owner: 'owner-2', fence: 2, release: true }));
      equal(await one.acquire('r', owner), { status: 'acquired', fence: 3 });
      equal(await statuses(one, turn('r', 4, { fence: 3 })), ['committed']);
    });

    on('find and take messages that were left through the other one', async (one, other) => {
      await leave(other, 'r', 'theirs');
      await leave(one, 'r', 'ours');
      const known = { status: 'known', value: 'value of ours' };
      equal(await other.enqueue('r', { id: 'ours', value: '3' }), known);
      equal(await keysOf(one, 'r', 'inbox'), ['theirs', 'ours']);
      equal(await runIds(one, { undelivered: true, owner }), ['r']);
      equal(await statuses(one, turn('r', 2, { unless: ['theirs'] })), ['taken']);
      await commit(one, turn('r', 2, { take: ['theirs', 'ours'] }));
      equal(await keysOf(other, 'r', 'inbox'), []);
      equal(await runIds(other, { undelivered: true }), []);
    });

    on('write over and drop each other’s rows', async (one, other) => {
      await commit(one, puts('r', 'step', 'a', 'b'), puts('r', 'event', 'a', 'b'));
      for (const kind of ['step', 'event'] as const) {
        const put = [{ kind, key: 'a', value: 'new' }];
        await commit(other, { ...bare, put, drop: [{ kind, key: 'b' }] });
        equal(await one.rows('r', kind, {}), [{ key: 'a', value: 'new' }], kind);
      }
    });

    on('see questions that the other one closes and asks', async (one, other) => {
      await commit(one, { ...bare, ask: [question('r/1'), question('r/2')] });
      await commit(other, { ...bare, close: ['r/1'], ask: [question('r/3')] });
      equal(await questionIds(one), ['r/2', 'r/3']);
      const [outcome] = await one.commit([{ ...bare, run: 's', ask: [question('r/3')] }]);
      contains(outcome, { status: 'failed', retry: false });
    });

    on('load what is left when the other one has cut the history', async (one, other) => {
      await checkpointed(one, 'long', { last: 6, bases: [5] });
      equal(await loaded(one, 'long', 2), [1, 2]);
      await commit(other, { ...bare, run: 'long', dropBefore: 5 });
      equal(await historyOf(one, 'long'), [5, 6]);
      equal(await loaded(one, 'long', 2), []);
      await commit(one, turn('long', 7, { checkpoints: [checkpoint(7, { base: true })] }));
      equal(await loaded(other, 'long'), [7]);
    });

    on('know that a run was deleted through the other one', async (one, other) => {
      await commit(one, { ...bare, ask: [question('r/q')] });
      await leave(other, 'r', 'm');
      await commit(one, removal('r'));
      equal(await other.enqueue('r', { id: 'n', value: '' }), { status: 'deleted' });
      equal(await other.acquire('r', owner), { status: 'deleted' });
      equal(await statuses(other, turn('r', 2)), ['fenced']);
      equal(await statuses(other, creation('r')), ['exists']);
      equal(await questionIds(other), []);
      equal(await find(other, 'r'), undefined);
    });

    on('never write a run that was deleted into another one', async (one, other) => {
      await other.lease('owner-2', minute);
      await commit(one, puts('r', 'step', 'mine'), turn('r', 2));
      await commit(other, removal('r', { remove: 0 }));
      await commit(other, creation('new', { owner: 'owner-2' }), creation('r', { owner: 'owner-2' }));
      equal(await statuses(one, turn('r', 3)), ['fenced']);
      equal(await statuses(one, turn('r', 2)), ['fenced']);
      equal(await statuses(one, puts('r', 'step', 'late')), ['fenced']);
      for (const run of ['r', 'new']) {
        equal(await loaded(one, run), [1], run);
        equal(await keysOf(one, run, 'step'), [], run);
      }
    });

    on('are closed one by one', async (one, other) => {
      await other.close();
      await commit(one, turn('r', 2));
      contains(await find(one, 'r'), { seq: 2 });
    });
  },
  { need: 'shared', before: ({ store }) => commit(store, creation('r'), creation('s')) },
);
