/** What anyone leaves for a run. */
import type { RowScan } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { commit, creation, keysOf, leave, minute, puts, removal, turn } from '../fixtures.ts';
import { oddIds } from '../samples.ts';

/** Each scan gives these messages. */
async function lists({ store }: Place, ...scans: [RowScan, string[]][]): Promise<void> {
  await leave(store, 'r', 'c', 'b/2', 'a', 'b/1', 'b😀');
  for (const [scan, ids] of scans) equal(await keysOf(store, 'r', 'inbox', scan), ids, JSON.stringify(scan));
}

export const inbox: CaseGroup = group(
  'an inbox',
  (it) => {
    it('has messages in the order in which they came', async ({ store }) => {
      await leave(store, 'r', 'c', 'a', 'b');
      await leave(store, 's', 'of s');
      await leave(store, 'r', 'B');
      const expected = ['c', 'a', 'b', 'B'].map((key) => ({ key, value: `value of ${key}` }));
      equal(await store.rows('r', 'inbox', {}), expected);
      equal(await keysOf(store, 's', 'inbox'), ['of s']);
      equal(await keysOf(store, 'none', 'inbox'), []);
    });

    it('keeps the order of many messages, and pages through them', async ({ store }) => {
      const ids = Array.from({ length: 30 }, (_, i) => `m${(i * 7) % 30}`);
      await leave(store, 'r', ...ids);
      equal(await keysOf(store, 'r', 'inbox'), ids);
      equal(await keysOf(store, 'r', 'inbox', { after: ids[11], limit: 5 }), ids.slice(12, 17));
    });

    it('by key gives that message alone', (on) =>
      lists(
        on,
        [{ key: 'b/1' }, ['b/1']],
        [{ key: 'b/' }, []],
        [{ key: 'b/1', after: 'a' }, ['b/1']],
        [{ key: 'a', after: 'b/1' }, []],
      ));

    it('has no more than the limit', (on) => lists(on, [{ limit: 2 }, ['c', 'b/2']], [{ limit: 0 }, []]));

    it('after a message gives those that came later', (on) =>
      lists(
        on,
        [{ after: 'b/2' }, ['a', 'b/1', 'b😀']],
        [{ after: 'b/2', limit: 1 }, ['a']],
        [{ after: 'b😀' }, []],
      ));

    it('after a message that is gone begins with the first one', (on) =>
      lists(on, [{ after: 'gone' }, ['c', 'b/2', 'a', 'b/1', 'b😀']]));

    it('by prefix gives the ids that begin with it', (on) =>
      lists(
        on,
        [{ prefix: 'b' }, ['b/2', 'b/1', 'b😀']],
        [{ prefix: 'b/' }, ['b/2', 'b/1']],
        [{ prefix: 'b', after: 'b/2' }, ['b/1', 'b😀']],
      ));

    it('keeps a message once, and tells what is known under its id', async ({ store }) => {
      await leave(store, 'r', 'm');
      const again = await store.enqueue('r', { id: 'm', value: 'another' });
      equal(again, { status: 'known', value: 'value of m' });
      equal(await store.rows('r', 'inbox', {}), [{ key: 'm', value: 'value of m' }]);
      await leave(store, 's', 'm');
    });

    it('takes no message where the row that is named is there, and tells its value', async ({ store }) => {
      const receipt = { kind: 'event', key: 'm' } as const;
      await commit(store, turn('r', 2, { put: [{ ...receipt, value: 'receipt' }] }));
      const message = { id: 'm', value: 'v' };
      equal(await store.enqueue('r', message, receipt), { status: 'known', value: 'receipt' });
      equal(await keysOf(store, 'r', 'inbox'), []);
    });

    it('takes the message where only a row of another key, kind or run is there', async ({ store }) => {
      await commit(store, puts('r', 'event', 'm'), puts('r', 'step', 'n'));
      const message = { id: 'm', value: 'v' };
      const receipt = { kind: 'event', key: 'm' } as const;
      equal(await store.enqueue('s', message, receipt), { status: 'queued' }, 'another run');
      equal(
        await store.enqueue('r', message, { kind: 'event', key: 'n' }),
        { status: 'queued' },
        'another key',
      );
      const next = { id: 'n', value: '' };
      equal(
        await store.enqueue('r', next, { kind: 'event', key: 'n' }),
        { status: 'queued' },
        'another kind',
      );
    });

    it('tells of the message that waits before it tells of the row', async ({ store }) => {
      await leave(store, 'r', 'm');
      await commit(store, puts('r', 'event', 'm'));
      const again = await store.enqueue('r', { id: 'm', value: '' }, { kind: 'event', key: 'm' });
      equal(again, { status: 'known', value: 'value of m' });
    });

    it('needs no lease and no fence: the run may be held by anyone', async ({ store }) => {
      await commit(store, turn('r', 2, { release: true }));
      await leave(store, 'r', 'free');
      await store.lease('owner-2', minute);
      await store.acquire('r', 'owner-2');
      await leave(store, 'r', 'held');
      equal(await keysOf(store, 'r', 'inbox'), ['free', 'held']);
    });

    it('is there for a run that exists, and for no other', async ({ store, until }) => {
      const message = { id: 'm', value: '' };
      equal(await store.enqueue('none', message), { status: 'missing' });
      await leave(store, 'r', 'm');
      await commit(store, removal('r'));
      equal(await store.enqueue('r', message), { status: 'deleted' });
      equal(await keysOf(store, 'r', 'inbox'), []);
      await commit(store, removal('s', { remove: 20 }));
      await until('the tombstone ends', async () =>
        (await store.enqueue('s', message)).status === 'missing' ? true : undefined,
      );
      await commit(store, creation('s'));
      equal(await keysOf(store, 's', 'inbox'), []);
      await leave(store, 's', 'm');
    });

    it('finds a message under its id and under no other, whatever the characters', async ({ store }) => {
      for (const [i, id] of oddIds.entries()) {
        const about = JSON.stringify(id);
        await leave(store, 'r', 'first', id, 'last');
        contains(await store.enqueue('r', { id, value: '' }), { status: 'known' }, about);
        equal(await keysOf(store, 'r', 'inbox'), ['first', id, 'last'], about);
        equal(await store.rows('r', 'inbox', { key: id }), [{ key: id, value: `value of ${id}` }], about);
        await commit(store, turn('r', i + 2, { take: [id] }));
        equal(await keysOf(store, 'r', 'inbox'), ['first', 'last'], about);
        await commit(store, { ...puts('r', 'event'), take: ['first', 'last'] });
      }
    });
  },
  { before: ({ store }) => commit(store, creation('r'), creation('s')) },
);
