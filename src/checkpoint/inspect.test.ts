import { describe, expect, test } from 'vitest';
import { NotRestorableError, NotSerializableError } from '../errors.ts';
import { createCodec, type CustomType } from './codec.ts';
import { decode } from './decode.ts';

const codec = createCodec();

function refusal(value: unknown, types: CustomType[] = []): NotSerializableError {
  try {
    createCodec({ types }).inspect(value, { actor: 'a.b', path: 'context.value' });
  } catch (error) {
    if (error instanceof NotSerializableError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

class Money {
  amount = 1;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

const ring: Record<string, unknown> = { name: 'ring' };
ring['self'] = { back: ring };

const throws = {
  get bad(): never {
    throw new Error('no');
  },
};

describe('a value that cannot be stored is refused with its path', () => {
  test.each<[what: string, bad: unknown, path: string, hint: RegExp]>([
    ['a function', () => 1, '', /function/],
    ['a method', { run() {} }, '.run', /function/],
    ['a symbol', Symbol('s'), '', /symbol/],
    ['a symbol that is registered', Symbol.for('s'), '', /symbol/],
    ['a symbol as a key', { [Symbol('s')]: 1 }, '', /Symbol\(s\)/],
    ['a symbol as a key of an array', Object.assign([1], { [Symbol('s')]: 1 }), '', /Symbol\(s\)/],
    ['an instance', new Money(), '', /instance of Money.*types/],
    ['an instance of a subclass of Map', new (class Bag extends Map {})(), '', /Bag/],
    ['an instance of a subclass of Array', new (class List extends Array {})(), '', /List/],
    ['an instance of a subclass of Uint8Array', new (class Bytes extends Uint8Array {})(1), '', /Bytes/],
    [
      'an instance of a class without a name',
      new (class {
        x = 1;
      })(),
      '',
      /without a name/,
    ],
    ['an object with a prototype of its own', Object.create({ a: 1 }), '', /Object/],
    ['a boxed number', Object(1), '', /Number/],
    ['a Promise', Promise.resolve(1), '', /Promise.*result/],
    ['a WeakMap', new WeakMap(), '', /WeakMap/],
    ['a URLSearchParams', new URLSearchParams(), '', /URLSearchParams/],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1), '', /SharedArrayBuffer/],
    ['a cycle', ring, '.self.back', /context\.value\.deep\[0\]\.bad, which it is a part of/],
    ['a property of an array', Object.assign([1], { a: 1 }), '.a', /array/],
    ['a match of a RegExp', /a/.exec('a'), '.groups', /array/],
    ['a property of a Map', Object.assign(new Map(), { a: 1 }), '.a', /Map/],
    ['a property of a Date', Object.assign(new Date(0), { a: 1 }), '.a', /Date/],
    ['what XState would take for an actor', { xstate$$type: 1, id: 'x' }, '', /xstate\$\$type/],
    ['a value of a Map', new Map([['k"', new Map([[1, () => 1]])]]), '.get("k\\"").values()[0]', /function/],
    [
      'a key of a Map',
      new Map([
        [{}, 1],
        [{ a: () => 1 }, 2],
      ] as never),
      '.keys()[1].a',
      /function/,
    ],
    ['a member of a Set', new Set([1, () => 1]), '.values()[1]', /function/],
    ['a cause', new Error('x', { cause: { a: () => 1 } }), '.cause.a', /function/],
    ['a property of an Error', Object.assign(new Error('x'), { run() {} }), '.run', /function/],
    ['an odd key', { 'a b': { '': [() => 1] } }, '["a b"][""][0]', /function/],
    ['an item beside a hole', Object.assign([], { 2: () => 1 }), '[2]', /function/],
    ['an accessor that throws', throws, '.bad', /Error: no/],
    [
      'an actor where none can be',
      Object.assign(new Money(), { sessionId: 'x', ref: {}, send() {} }),
      '',
      /actor/,
    ],
  ])('%s', (_, bad, path, hint) => {
    const error = refusal({ first: [1n], deep: [{ bad }] });
    expect(error.path).toBe(`context.value.deep[0].bad${path}`);
    expect(error.actor).toBe('a.b');
    expect(error.hint).toMatch(hint);
    expect(error.message).toMatch(/deep\b.*\bbad/);
    // The same without anything rich before it.
    expect(refusal({ deep: [{ bad }] }).path).toBe(error.path);
  });

  test('a cycle through a Map, an error or a custom type', () => {
    const map = new Map<string, unknown>();
    map.set('a', [map]);
    expect(refusal(map).path).toBe('context.value.get("a")[0]');
    const error = new Error('x');
    error.cause = { error };
    expect(refusal(error).path).toBe('context.value.cause.error');
    const money = new Money();
    const type = {
      name: 'm',
      is: (v: unknown) => v instanceof Money,
      encode: () => ({ money }),
      decode: () => money,
    };
    expect(refusal([money], [type])).toMatchObject({
      path: 'context.value[0].money',
      hint: expect.stringContaining('context.value[0], which'),
    });
  });

  test('what a custom type makes of its values', () => {
    const type = {
      name: 'm',
      is: (v: unknown) => v instanceof Money,
      encode: () => ({ a: () => 1 }),
      decode: () => 1,
    };
    expect(refusal([new Money()], [type]).path).toBe('context.value[0].a');
  });

  test('more objects in one another than a document can hold', () => {
    expect(refusal(nested(1001)).hint).toMatch(/nested too deeply/);
    expect(refusal(nested(100_000)).hint).toMatch(/nested too deeply/);
  });
});

test.each<[string, (inner: unknown) => unknown]>([
  ['objects', (inner) => ({ a: inner })],
  ['arrays', (inner) => [inner]],
  ['Maps', (inner) => new Map([[inner, 1]])],
  ['errors', (inner) => new Error('x', { cause: inner })],
])('a thousand %s in one another can be stored and come back', (_, wrap) => {
  let value: unknown = 1n;
  for (let i = 0; i < 1000; i++) value = wrap(value);
  expect(codec.inspect(value, { actor: '', path: 'context' })).toBe('rich');
  const text = JSON.stringify(codec.encode(value, new Map()));
  expect(JSON.stringify(codec.encode(decode(JSON.parse(text), new Map(), []), new Map()))).toBe(text);
});

test('a part that two objects share is no cycle', () => {
  const shared = { a: [1] };
  expect(
    codec.inspect([shared, { shared }, new Map([[shared, shared]])], { actor: '', path: 'context' }),
  ).toBe('rich');
  expect(codec.inspect([shared, { shared }], { actor: '', path: 'context' })).toBe('plain');
});

test('an object with a key xstate$$type that XState ignores is plain', () => {
  expect(codec.inspect({ a: { xstate$$type: 2 } }, { actor: '', path: 'context' })).toBe('plain');
});

describe('a reference to an actor', () => {
  const actor = Object.assign(Object.create({ send() {} }), {
    sessionId: 'x:1',
    ref: {},
    toJSON: () => ({}),
  });

  test('is reported with its path and with what is around it, and counts as plain', () => {
    const seen: unknown[] = [];
    const where = { actor: '', path: 'context', reference: (...met: unknown[]) => void seen.push(met) };
    expect(codec.inspect({ child: actor, list: [actor] }, where)).toBe('plain');
    expect(codec.inspect({ map: new Map([['a', { b: actor }]]) }, where)).toBe('rich');
    expect(seen).toEqual([
      [actor, 'context.child', false],
      [actor, 'context.list[0]', false],
      [actor, 'context.map.get("a").b', true],
    ]);
  });

  test('can be refused by throwing', () => {
    const reference = (): never => {
      throw new NotRestorableError('', 'no');
    };
    expect(() => codec.inspect([actor], { actor: '', path: 'context', reference })).toThrow(
      NotRestorableError,
    );
  });
});
