import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCodec } from './codec.ts';
import { decode } from './decode.ts';
import { apply, diff, type Patch, type Path } from './delta.ts';

function patches(before: unknown, after: unknown, path: Path = []): Patch[] {
  const emitted: Patch[] = [];
  diff(before, after, path, (patch) => emitted.push(patch));
  return emitted;
}

const codec = createCodec();

/** A copy by way of the store. */
function stored<T>(value: T): T {
  return decode(JSON.parse(JSON.stringify(codec.encode(value, new Map()))), new Map(), []) as T;
}

function own(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true });
}

function sparse(length: number, items: Record<number, unknown>): unknown[] {
  return Object.assign([], items, { length });
}

class Point {
  x = 1;
}

const [a, b, c, d, e, f] = 'abcdef'.split('').map((name) => ({ name })) as [
  object,
  object,
  object,
  object,
  object,
  object,
];
const deep = { x: { y: 1 } };
const actor = (id: string) => ({ id, sessionId: id, ref: {}, send() {} });
const [first, second] = [actor('1'), actor('2')];
const map = new Map([[1, 2]]);

describe('diff', () => {
  test.each<[what: string, before: unknown, after: unknown, expected: unknown[]]>([
    ['nothing for what is identical', deep, deep, []],
    ['nothing for equal numbers, NaN among them', { a: NaN, b: 1 }, { a: NaN, b: 1 }, []],
    ['nothing for copies that are equal', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ['a set for a value', { a: 1, b: 2 }, { a: 1, b: 3 }, [[['b'], 3]]],
    ['a set for 0 that became -0', { a: 0 }, { a: -0 }, [[['a'], -0]]],
    ['a set for a key that is new', { a: 1 }, { a: 1, b: undefined }, [[['b'], undefined]]],
    ['a deletion for a key that is gone', { a: 1, b: undefined }, { a: 1 }, [[['b']]]],
    [
      'a set inside of objects and arrays',
      { a: [deep, 1] },
      { a: [{ x: { y: 2 } }, 1] },
      [[['a', 0, 'x', 'y'], 2]],
    ],
    ['the whole when the kind changed', { a: [1] }, { a: { 0: 1 } }, [[['a'], { 0: 1 }]]],
    ['the whole at the root', 1, [1], [[[], [1]]]],
    [
      'the whole for a Map, a Date, an instance',
      {},
      { map, p: new Point() },
      [
        [['map'], map],
        [['p'], new Point()],
      ],
    ],
    ['the whole for one instance in place of another', [new Map()], [map], [[[0], map]]],
    ['nothing for one that stays', { map, n: 1 }, { map, n: 2 }, [[['n'], 2]]],
    ['the whole for another actor', { a: first }, { a: second }, [[['a'], second]]],
    ['the key __proto__ like any other', { a: 1 }, own('__proto__', deep), [[['__proto__'], deep], [['a']]]],
    [
      'a change under __proto__',
      own('__proto__', deep),
      own('__proto__', { x: 1 }),
      [[['__proto__', 'x'], 1]],
    ],
    ['one deletion of __proto__', own('__proto__', 1), {}, [[['__proto__']]]],

    ['a splice for items that were added at the end', [a, b], [a, b, c, d], [[[], 2, 0, [c, d]]]],
    ['a splice for items that were added at the head', [a, b], [c, a, b], [[[], 0, 0, [c]]]],
    ['a splice for items in between', [a, d], [a, b, c, d], [[[], 1, 0, [b, c]]]],
    ['a splice for items that are gone', [a, b, c, d], [a, d], [[[], 1, 2, []]]],
    ['a splice for an array that was emptied', [a, b], [], [[[], 0, 2, []]]],
    ['a splice for fewer items in the place of others', [a, b, c, d], [a, e, d], [[[], 1, 2, [e]]]],
    ['the changes of an item', [a, b], [a, { name: 'x' }], [[[1, 'name'], 'x']]],
    ['a set for one item that is new', [1, 2, 3], [1, 5, 3], [[[1], 5]]],
    [
      'one splice for neighbours that are new',
      [1, 2, 3, 4, a],
      [1, 5, 6, 4, 7],
      [
        [[], 1, 2, [5, 6]],
        [[4], 7],
      ],
    ],
    [
      'both, each where it belongs',
      [1, 2, deep, 3, 4],
      [8, 9, { x: 1 }, 3, 7],
      [
        [[], 0, 2, [8, 9]],
        [[2, 'x'], 1],
        [[4], 7],
      ],
    ],
    [
      'two splices for a window that moved',
      [a, b, c, d],
      [c, d, e],
      [
        [[], 0, 2, []],
        [[], 2, 0, [e]],
      ],
    ],
    [
      'the same for one of fixed length',
      [a, b, c],
      [b, c, d],
      [
        [[], 0, 1, []],
        [[], 2, 0, [d]],
      ],
    ],
    [
      'the same behind a head that stays',
      [f, a, b, c],
      [f, b, c, d],
      [
        [[], 1, 1, []],
        [[], 3, 0, [d]],
      ],
    ],
    [
      'a splice where the window only seems to move',
      [1, 2, 1, 3],
      [1, 1, 2, 5, 6],
      [[[], 1, 3, [1, 2, 5, 6]]],
    ],
    ['the whole for a hole', [1, 2], sparse(2, { 0: 1 }), [[[], sparse(2, { 0: 1 })]]],
    ['the whole for a hole that was filled', sparse(2, { 0: 1 }), [1, undefined], [[[], [1, undefined]]]],
    ['the whole for holes at the end', [1], sparse(3, { 0: 1 }), [[[], sparse(3, { 0: 1 })]]],
  ])('emits %s', (_, before, after, expected) => {
    expect(patches(before, after)).toStrictEqual(expected);
  });

  test.each<[what: string, after: object]>([
    ['a symbol as a key', { a: 1, [Symbol('s')]: 1 }],
    ['what XState takes for an actor', { a: 1, xstate$$type: 1 }],
  ])('emits the whole for %s, so that it can be refused', (_, after) => {
    expect(patches({ v: { a: 1 } }, { v: after })).toStrictEqual([[['v'], after]]);
  });

  test('emits the whole for an array with other properties, so that it can be refused', () => {
    const match = /a/.exec('a');
    expect(patches({ v: [] }, { v: match })).toStrictEqual([[['v'], match]]);
  });

  test('puts the given path before each patch, a copy for each', () => {
    const path = ['context'];
    const [one, two] = patches({ a: 1, b: 1 }, { a: 2, b: 2 }, path);
    expect([one, two]).toEqual([
      [['context', 'a'], 2],
      [['context', 'b'], 2],
    ]);
    expect(path).toEqual(['context']);
  });

  test('sets what is very deep as a whole, so that a document cannot grow too deep for the stack', () => {
    const nested = (leaf: number): unknown => {
      let value: unknown = leaf;
      for (let i = 0; i < 50_000; i++) value = { in: value };
      return value;
    };
    const [patch] = patches(nested(1), nested(2));
    expect(patch?.[0].length).toBe(100);
  });
});

describe('apply', () => {
  test('takes as many items as a splice has', () => {
    const items = Array.from({ length: 300_000 }, (_, i) => i);
    expect(apply(['a', 'b'], [[[], 1, 0, items]])).toStrictEqual(['a', ...items, 'b']);
  });

  test('sets a key __proto__ without changing the prototype', () => {
    const document = apply({}, [[['__proto__'], { x: 1 }]]) as object;
    expect(Object.keys(document)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(document)).toBe(Object.prototype);
  });

  test('replaces the whole document, and goes on with the new one', () => {
    expect(
      apply(1, [
        [[], { a: 1 }],
        [['b'], 2],
      ]),
    ).toEqual({ a: 1, b: 2 });
  });

  test.each<[what: string, document: unknown, patch: unknown]>([
    ['a key that is missing on the way', {}, [['a', 'b'], 1]],
    ['a key that objects inherit', {}, [['constructor', 'name'], 1]],
    ['__proto__, where it is no key', {}, [['__proto__', 'x'], 1]],
    ['an index past the end', [1], [[1], 1]],
    ['an index that is a text', [1], [['0'], 1]],
    ['a key that is a number', { 0: 1 }, [[0], 1]],
    ['the length of an array', [1], [['length'], 0]],
    ['something in a text', { a: 'text' }, [['a', 'b'], 1]],
    ['something in null', { a: null }, [['a', 'b'], 1]],
    ['something in a Map', { a: new Map() }, [['a', 'b'], 1]],
    ['the deletion of a key that is missing', {}, [['a']]],
    ['the deletion of an item', [1], [[0]]],
    ['the deletion of the document', {}, [[]]],
    ['a splice of an object', { a: {} }, [['a'], 0, 0, [1]]],
    ['a splice past the end', [1], [[], 1, 1, []]],
    ['a splice before the beginning', [1], [[], -1, 0, [2]]],
    ['a splice of no items', [1], [[], 0, 0, null]],
    ['too few parts', [1], [[], 0, 0]],
  ])('refuses %s', (_, document, patch) => {
    const before = stored(document);
    expect(() => apply(document, [patch as Patch])).toThrow(/^a patch /);
    expect(document).toStrictEqual(before);
  });
});

describe('diff and apply', () => {
  const key = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '=x', ''), fc.string());
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.constantFrom(null, true, 0));
  const richLeaf = fc.oneof(
    leaf,
    fc.constantFrom(undefined, NaN, -0, 1n),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.dictionary(key, leaf).map((entries) => new Map(Object.entries(entries))),
    fc.array(leaf).map((items) => Object.assign([], items.slice(1), { length: items.length + 1 })),
  );

  function documents(leaves: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaves,
        fc.array(tie('tree'), { maxLength: 6 }),
        fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
      ),
    }));
    return tree;
  }

  /** Another version of a value, which shares with it what did not change. */
  function updated(value: unknown, choose: (max: number) => number, fresh: () => unknown): unknown {
    if (typeof value !== 'object' || value === null || choose(8) === 0) return fresh();
    if (Array.isArray(value)) {
      const at = choose(value.length);
      switch (choose(5)) {
        case 0:
          return [...value, fresh()];
        case 1:
          return [...value.slice(1), fresh()];
        case 2:
          return value.toSpliced(at, choose(2), fresh());
        case 3:
          return value.toSpliced(at, 1);
        default:
          return value.map((item, i) => (i === at ? updated(item, choose, fresh) : item));
      }
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return fresh();
    const entries = Object.entries(value);
    const at = choose(entries.length);
    if (choose(4) === 0) entries.splice(at, 1);
    else if (choose(3) === 0) entries.push([['a', 'b', '__proto__'][choose(2)] as string, fresh()]);
    else if (entries[at]) entries[at] = [entries[at][0], updated(entries[at][1], choose, fresh)];
    return Object.fromEntries(entries);
  }

  test.each([
    ['plain', documents(leaf), (value: unknown) => JSON.parse(JSON.stringify(value))],
    ['rich', documents(richLeaf), stored],
  ])('follow any series of immutable updates of %s values', (_, values, copy) => {
    fc.assert(
      fc.property(values, fc.infiniteStream(fc.nat()), fc.infiniteStream(values), (start, numbers, more) => {
        const choose = (max: number): number => (numbers.next().value as number) % (max + 1);
        let value = start;
        let document = copy(start);
        for (let turn = 0; turn < 5; turn++) {
          const next = updated(value, choose, () => more.next().value);
          document = apply(document, copy(patches(value, next)));
          expect(isDeepStrictEqual(document, next)).toBe(true);
          value = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('lead from any value to any other', () => {
    fc.assert(
      fc.property(documents(richLeaf), documents(richLeaf), (before, after) => {
        const document = apply(stored(before), stored(patches(before, after)));
        // Unlike toStrictEqual(), it takes a key `constructor` for what it is.
        expect(isDeepStrictEqual(document, after)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
