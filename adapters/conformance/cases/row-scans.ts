/** Which rows are read, and in which order. What holds for one kind holds for each of them. */
import type { RowScan } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { commit, creation, keysOf, puts, rowKinds, rowOf } from '../fixtures.ts';

/** Each scan gives these keys, of these rows. */
async function lists({ store }: Place, ...scans: [RowScan, string[]][]): Promise<void> {
  for (const kind of rowKinds) {
    await commit(store, puts('r', kind, 'b', 'aa', 'a/2', 'a/10', 'a/1', 'a', ''));
    for (const [scan, keys] of scans) {
      equal(await keysOf(store, 'r', kind, scan), keys, `${kind} with ${JSON.stringify(scan)}`);
    }
  }
}

export const rowScans: CaseGroup = group(
  'reading rows',
  (it) => {
    it('gives them ordered by key, of one run and one kind', async ({ store }) => {
      for (const kind of rowKinds) await commit(store, puts('r', kind, 'b', 'c', 'a', 'B', 'a/1', kind));
      await commit(store, puts('s', 'event', 'of s'));
      for (const kind of rowKinds) {
        const keys = ['B', 'a', 'a/1', 'b', 'c', kind].sort();
        const expected = keys.map((key) => ({ key, value: `value of ${key}` }));
        equal(await store.rows('r', kind, {}), expected, kind);
        equal(await keysOf(store, 's', kind), kind === 'event' ? ['of s'] : [], `${kind} of another run`);
        equal(await keysOf(store, 'none', kind), [], `${kind} of a missing run`);
      }
    });

    it('by key gives that row alone', (on) =>
      lists(on, [{ key: 'a/1' }, ['a/1']], [{ key: 'a/' }, []], [{ key: '' }, ['']], [{ key: 'A' }, []]));

    it('by prefix gives the keys that begin with it', (on) =>
      lists(
        on,
        [{ prefix: 'a' }, ['a', 'a/1', 'a/10', 'a/2', 'aa']],
        [{ prefix: 'a/' }, ['a/1', 'a/10', 'a/2']],
        [{ prefix: 'a/1' }, ['a/1', 'a/10']],
        [{ prefix: '' }, ['', 'a', 'a/1', 'a/10', 'a/2', 'aa', 'b']],
        [{ prefix: 'c' }, []],
        [{ prefix: 'a/', limit: 2 }, ['a/1', 'a/10']],
      ));

    it('by a prefix with % or _ takes it as it is', async ({ store }) => {
      for (const kind of rowKinds) {
        await commit(store, puts('r', kind, 'a', 'ab', 'a%', 'a%b', 'a_', '%', '_', '*', 'a*', '?', '[a]'));
        equal(await keysOf(store, 'r', kind, { prefix: 'a%' }), ['a%', 'a%b'], kind);
        for (const one of ['%', '_', '*', '?', '[a]', 'a_', 'a*']) {
          equal(await keysOf(store, 'r', kind, { prefix: one }), [one], kind);
        }
      }
    });

    it('after a key gives those behind it, and not itself', (on) =>
      lists(
        on,
        [{ after: 'a/10' }, ['a/2', 'aa', 'b']],
        [{ after: 'a/15' }, ['a/2', 'aa', 'b']],
        [{ after: 'b' }, []],
        [{ after: '' }, ['a', 'a/1', 'a/10', 'a/2', 'aa', 'b']],
      ));

    it('has no more than the limit', (on) => lists(on, [{ limit: 1 }, ['']], [{ limit: 0 }, []]));

    it('by several conditions gives the rows for which all of them hold', (on) =>
      lists(
        on,
        [{ prefix: 'a/', after: 'a/1' }, ['a/10', 'a/2']],
        [{ prefix: 'a/', after: 'a' }, ['a/1', 'a/10', 'a/2']],
        [{ prefix: 'a/', after: 'b' }, []],
        [{ prefix: 'a/', after: 'a/10', limit: 1 }, ['a/2']],
        [{ key: 'a/1', prefix: 'a/' }, ['a/1']],
        [{ key: 'a/1', prefix: 'b' }, []],
        [{ key: 'a/1', after: 'a/1' }, []],
        [{ key: 'a/1', limit: 0 }, []],
      ));

    it('orders them code unit by code unit, and finds prefixes of any characters', async ({ store }) => {
      const common = ['a', 'Z', '\0', 'é', 'e\u0301', '%', '_'];
      const characters = [...common, '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'];
      const keys = characters.flatMap((one) => [one, ...characters.map((other) => one + other)]).sort();
      for (const kind of rowKinds) {
        await commit(store, puts('r', kind, ...keys.toReversed()));
        equal(await keysOf(store, 'r', kind), keys, kind);
      }
      // One kind of each sort is enough for the rest: a store may keep its journal apart.
      for (const kind of ['event', 'step'] as const) {
        for (const prefix of characters) {
          const about = `${kind} with ${JSON.stringify(prefix)}`;
          const found = keys.filter((key) => key.startsWith(prefix));
          equal(await keysOf(store, 'r', kind, { prefix }), found, about);
          const page = await keysOf(store, 'r', kind, { prefix, after: found[4], limit: 3 });
          equal(page, found.slice(5, 8), `${about}, after ${JSON.stringify(found[4])}`);
          const next = await keysOf(store, 'r', kind, { after: prefix, limit: 1 });
          equal(next, keys.slice(keys.indexOf(prefix) + 1).slice(0, 1), `${about}, after it`);
          equal(await rowOf(store, 'r', kind, prefix), `value of ${prefix}`, about);
        }
      }
    });

    it('page by page gives the same as at once', async ({ store }) => {
      const keys = Array.from({ length: 25 }, (_, i) => `k${i}`);
      for (const kind of rowKinds) {
        await commit(store, puts('r', kind, ...keys));
        const paged: string[] = [];
        for (let after: string | undefined; ; after = paged.at(-1)) {
          const page = await keysOf(store, 'r', kind, { prefix: 'k', after, limit: 10 });
          paged.push(...page);
          if (page.length < 10) break;
        }
        equal(paged, keys.toSorted(), kind);
      }
    });
  },
  { before: ({ store }) => commit(store, creation('r'), creation('s')) },
);
