/** Rows that are not found, or found in another order. */
import type { RowScan, Store } from '../../../src/store.ts';
import type { Mutant } from './mutant.ts';

type Found = Awaited<ReturnType<Store['rows']>>;

/** Reads the rows of each kind in another way; the inbox stays as it is. */
function reading(
  read: (store: Store, scan: RowScan, of: (scan: RowScan) => Promise<Found>) => Promise<Found>,
): Mutant['breaks'] {
  return (store) => ({
    rows: (run, kind, scan) =>
      kind === 'inbox'
        ? store.rows(run, kind, scan)
        : read(store, scan, async (other) => store.rows(run, kind, other)),
  });
}

/** Orders the keys in another way. */
function ordering(compare: (a: string, b: string) => number): Mutant['breaks'] {
  return reading(async (_, { after, limit, ...scan }, of) => {
    const found = (await of(scan)).sort((a, b) => compare(a.key, b.key));
    return found.filter(({ key }) => after === undefined || compare(key, after) > 0).slice(0, limit);
  });
}

/** SQL's LIKE. */
function isLike(text: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}`, 'su').test(text);
}

export const rows: readonly Mutant[] = [
  {
    name: 'orders rows by locale',
    caughtBy: 'reading rows orders them code unit by code unit, and finds prefixes of any characters',
    breaks: ordering((a, b) => a.localeCompare(b)),
  },
  {
    name: 'orders rows by code points, as UTF-8 does',
    caughtBy: 'reading rows orders them code unit by code unit, and finds prefixes of any characters',
    breaks: ordering((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  },
  {
    name: 'takes a prefix for a pattern',
    caughtBy: 'reading rows by a prefix with % or _ takes it as it is',
    breaks: reading(async (_, { prefix = '', limit, ...scan }, of) =>
      (await of(scan)).filter(({ key }) => isLike(key, prefix)).slice(0, limit),
    ),
  },
  {
    name: 'takes capitals for small letters',
    caughtBy: 'reading rows by key gives that row alone',
    breaks: reading(async (_, { key, ...scan }, of) =>
      (await of(scan)).filter((row) => key === undefined || row.key.toLowerCase() === key.toLowerCase()),
    ),
  },
  {
    name: 'gives the row `after` again',
    caughtBy: 'reading rows after a key gives those behind it, and not itself',
    breaks: reading(async (_, { after, limit, ...scan }, of) =>
      (await of(scan)).filter(({ key }) => after === undefined || key >= after).slice(0, limit),
    ),
  },
  {
    name: 'ignores the limit of rows',
    caughtBy: 'reading rows has no more than the limit',
    breaks: reading((_, { limit: __, ...scan }, of) => of(scan)),
  },
  {
    name: 'counts the limit of rows before the prefix',
    caughtBy: 'reading rows by prefix gives the keys that begin with it',
    breaks: reading(async (_, { prefix = '', ...scan }, of) =>
      (await of(scan)).filter(({ key }) => key.startsWith(prefix)),
    ),
  },
  {
    name: 'gives the rows of another kind as well',
    caughtBy: 'reading rows gives them ordered by key, of one run and one kind',
    breaks: (store) => ({
      rows: async (run, kind, scan) => {
        const found = await store.rows(run, kind, scan);
        return kind === 'outbox' ? [...found, ...(await store.rows(run, 'asked', scan))] : found;
      },
    }),
  },
];
