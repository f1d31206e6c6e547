/** Rows beside the checkpoints. What holds for one kind holds for each of them. */
import type { RowKind } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  commit,
  creation,
  keysOf,
  minute,
  owner,
  puts,
  rowKinds,
  rowOf,
  statuses,
  turn,
} from '../fixtures.ts';

const bare = { run: 'r', owner, fence: 1 } as const;

function put(kind: RowKind, value: string | Uint8Array) {
  return { put: [{ kind, key: 'k', value }] };
}

export const rows: CaseGroup = group(
  'rows',
  (it) => {
    it('are written over, and dropped, alone and together with a checkpoint', async ({ store }) => {
      for (const [i, kind] of rowKinds.entries()) {
        const value = async (): Promise<unknown> => rowOf(store, 'r', kind, 'k');
        const drop = [{ kind, key: 'k' }];
        const seq = 2 * i + 2;
        await commit(store, { ...bare, ...put(kind, '1') });
        await commit(store, { ...bare, ...put(kind, '2') });
        equal(await value(), '2', kind);
        await commit(store, turn('r', seq, put(kind, '3')));
        equal(await value(), '3', kind);
        await commit(store, turn('r', seq + 1, { drop }));
        equal(await value(), undefined, kind);
        await commit(store, { ...bare, ...put(kind, '5') });
        equal(await store.rows('r', kind, {}), [{ key: 'k', value: '5' }], kind);
      }
    });

    it('are dropped before they are put by the same commit', async ({ store }) => {
      for (const kind of rowKinds) {
        await commit(store, { ...bare, ...put(kind, '3') });
        await commit(store, { ...bare, ...put(kind, '4'), drop: [{ kind, key: 'k' }] });
        equal(await store.rows('r', kind, {}), [{ key: 'k', value: '4' }], kind);
      }
    });

    it('that are put twice by one commit are what came last', async ({ store }) => {
      for (const kind of rowKinds) {
        const twice = ['1', '2'].map((value) => ({ kind, key: 'k', value }));
        await commit(store, { ...bare, put: twice });
        equal(await store.rows('r', kind, {}), [{ key: 'k', value: '2' }], kind);
      }
    });

    it('may be bytes', async ({ store }) => {
      const value = Uint8Array.of(0, 1, 255);
      for (const kind of rowKinds) {
        await commit(store, { ...bare, ...put(kind, value) });
        equal(await store.rows('r', kind, { prefix: 'k' }), [{ key: 'k', value }], kind);
      }
    });

    it('may change from text to bytes and back', async ({ store }) => {
      for (const kind of rowKinds) {
        for (const value of ['a', Uint8Array.of(97), 'a']) {
          await commit(store, { ...bare, ...put(kind, value) });
          equal(await rowOf(store, 'r', kind, 'k'), value, kind);
        }
      }
    });

    it('that are all that a commit holds are written under its fence only', async ({ store }) => {
      await store.lease('owner-2', minute);
      for (const kind of rowKinds) {
        for (const change of [{ fence: 0 }, { fence: 2 }, { owner: 'owner-2' }, { owner: 'nobody' }]) {
          equal(await statuses(store, { ...puts('r', kind, 'k'), ...change }), ['fenced'], kind);
          equal(await statuses(store, { ...puts('r', kind, 'k', 'l'), ...change }), ['fenced'], kind);
        }
        equal(await statuses(store, puts('none', kind, 'k')), ['fenced'], kind);
        equal(await statuses(store, { ...puts('r', kind, 'k'), expect: 7 }), ['conflict'], kind);
        equal(await keysOf(store, 'r', kind), [], kind);
      }
      await commit(store, turn('r', 2, { release: true }));
      for (const kind of rowKinds) {
        equal(await statuses(store, puts('r', kind, 'k')), ['fenced'], kind);
        equal(await statuses(store, puts('s', kind, 'k', 'l')), ['committed'], kind);
      }
    });

    for (const n of [2, 50]) {
      it(`are written in a batch of ${n}, whatever becomes of the others`, async ({ store }) => {
        const ids = Array.from({ length: n }, (_, i) => `run-${i}`);
        await commit(store, ...ids.map((id) => creation(id)));
        for (const kind of rowKinds) {
          const batch = ids.map((id) => puts(id, kind, 'k', 'l'));
          batch[0] = { ...puts('run-0', kind, 'k', 'l'), fence: 9 };
          const others = ids.slice(1);
          equal(await statuses(store, ...batch), ['fenced', ...others.map(() => 'committed')], kind);
          equal(await keysOf(store, 'run-0', kind), [], kind);
          const keys = await Promise.all(others.map((id) => keysOf(store, id, kind)));
          equal(
            keys,
            others.map(() => ['k', 'l']),
            kind,
          );
          await commit(store, ...ids.map((id) => puts(id, kind, 'k')));
          await commit(store, { ...puts('run-1', kind), drop: [{ kind, key: 'k' }] });
          equal(await keysOf(store, 'run-1', kind), ['l'], kind);
        }
      });
    }
  },
  { before: ({ store }) => commit(store, creation('r'), creation('s')) },
);
