/** Runs that are deleted, and what is left of them. */
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  commit,
  contents,
  creation,
  find,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  puts,
  question,
  removal as removed,
  rowOf,
  runIds,
  statuses,
  turn,
} from '../fixtures.ts';

export const removal: CaseGroup = group(
  'a removed run',
  (it) => {
    it('is gone with all its rows, and the others are not', async ({ store }) => {
      await commit(store, puts('r', 'step', 'a', 'b'), puts('s', 'step', 'c'));
      await commit(store, { run: 'r', owner, fence: 1, ask: [question('r/q')] });
      await store.enqueue('r', { id: 'm', value: '' });
      await store.enqueue('s', { id: 'n', value: '' });
      const other = await contents(store, 's');
      await commit(store, removed('r'));
      equal(await contents(store, 'r'), await contents(store, 'none'));
      equal(await contents(store, 's'), other);
      for (const scan of [{}, { tag: 'a' }, { owner }, { status: ['running'] }, { dueTo: 99 }] as const) {
        equal(await runIds(store, scan), ['s'], JSON.stringify(scan));
      }
      equal(await store.acquire('r', owner), { status: 'deleted' });
    });

    it('cannot be removed under another fence, by another owner or twice', async ({ store }) => {
      await store.lease('owner-2', minute);
      equal(await statuses(store, removed('r', { fence: 2 })), ['fenced']);
      equal(await statuses(store, removed('r', { owner: 'owner-2' })), ['fenced']);
      equal(await loaded(store, 'r'), [1, 2]);
      await commit(store, removed('r'));
      equal(await statuses(store, removed('r')), ['fenced']);
    });

    it('is not removed where its checkpoint is not the one that is expected', async ({ store }) => {
      equal(await statuses(store, removed('r', { expect: 1 })), ['conflict']);
      equal(await loaded(store, 'r'), [1, 2]);
      equal(await statuses(store, removed('r', { expect: 2 })), ['committed']);
    });

    it('is not removed where a message waits to which the commit yields', async ({ store }) => {
      await store.enqueue('r', { id: 'm', value: '' });
      equal(await statuses(store, removed('r', { unless: ['m'] })), ['taken']);
      equal(await loaded(store, 'r'), [1, 2]);
    });

    it('can be one of many in a batch, each with an outcome of its own', async ({ store }) => {
      const batch = [removed('r'), turn('s', 3), removed('gone'), removed('s', { fence: 9 })];
      equal(await statuses(store, ...batch), ['committed', 'committed', 'fenced', 'fenced']);
      equal(await runIds(store), ['s']);
    });

    it('can be one of a batch of removals', async ({ store }) => {
      const ids = Array.from({ length: 40 }, (_, i) => `run-${i}`);
      await commit(store, ...ids.map((id) => creation(id, { head: head({ tags: ['a'] }) })));
      const batch = ids.slice(1).map((id) => removed(id));
      equal(
        await statuses(store, ...batch),
        batch.map(() => 'committed'),
      );
      equal(await runIds(store, { tag: 'a' }), ['r', 'run-0', 's']);
      equal(
        await statuses(store, ...ids.map((id) => creation(id))),
        ids.map(() => 'exists'),
      );
    });

    it('is not revived by a late commit', async ({ store }) => {
      await commit(store, removed('r'));
      equal(await statuses(store, turn('r', 3), turn('s', 3)), ['fenced', 'committed']);
      equal(await statuses(store, turn('r', 3)), ['fenced']);
      equal(await statuses(store, puts('r', 'step', 'k')), ['fenced']);
      equal(await find(store, 'r'), undefined);
      equal(await keysOf(store, 'r', 'step'), []);
    });

    it('leaves its id taken while the tombstone stands', async ({ store }) => {
      await commit(store, removed('r'));
      equal(await statuses(store, creation('r')), ['exists']);
      equal(await statuses(store, creation('r'), creation('new')), ['exists', 'committed']);
      equal(await store.acquire('r', owner), { status: 'deleted' });
      equal(await store.enqueue('r', { id: 'm', value: '' }), { status: 'deleted' });
      equal(await find(store, 'r'), undefined);
    });

    it('gives its id back when the tombstone has had its time, with nothing of what was', async ({
      store,
      until,
    }) => {
      await commit(store, puts('r', 'step', 'a'));
      await store.enqueue('r', { id: 'm', value: '' });
      await commit(store, removed('r', { remove: 20 }));
      await until('the tombstone ends', async () =>
        (await store.acquire('r', owner)).status === 'missing' ? true : undefined,
      );
      equal(await statuses(store, creation('r')), ['committed']);
      equal(await loaded(store, 'r'), [1]);
      equal(await rowOf(store, 'r', 'event', 'e'), undefined);
      equal(await keysOf(store, 'r', 'step'), []);
      equal(await keysOf(store, 'r', 'inbox'), []);
    });

    it('leaves its id taken for years, where that is asked for', async ({ store }) => {
      await commit(store, removed('r', { remove: 20 * 365 * 24 * 60 * minute }));
      equal(await statuses(store, creation('r')), ['exists']);
    });

    for (const ms of [0, -1]) {
      it(`leaves its id free where the tombstone stands ${ms} ms`, async ({ store }) => {
        await commit(store, removed('r', { remove: ms }));
        equal(await store.acquire('r', owner), { status: 'missing' });
        equal(await statuses(store, creation('r')), ['committed']);
      });
    }
  },
  {
    before: async ({ store }) => {
      const first = head({ tags: ['a'], due: 9 });
      await commit(store, creation('r', { head: first }), creation('s', { head: first }));
      await commit(store, turn('r', 2, { put: [{ kind: 'event', key: 'e', value: '' }] }), turn('s', 2));
    },
  },
);
