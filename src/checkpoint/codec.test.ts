import { inspect as show, isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCodec, type CustomType } from './codec.ts';
import { blobsOf, decode } from './decode.ts';

const where = { actor: '', path: 'context' };

/** Through the store and back, as a plain or as a rich document. */
function roundTrip(value: unknown, codec = createCodec()): unknown {
  if (codec.inspect(value, where) === 'plain') return JSON.parse(JSON.stringify(value));
  const blobs = new Map<string, Uint8Array>();
  const text = JSON.stringify(codec.encode(value, blobs));
  expect(new Set(blobsOf(JSON.parse(text)))).toEqual(new Set(blobs.keys()));
  return decode(
    JSON.parse(text),
    new Map([...blobs].map(([hash, bytes]) => [hash, bytes.slice()])),
    codec.types,
  );
}

/** Everything that Node shows of a value, in order: entries of a Map, holes, -0, hidden properties of errors. */
function all(value: unknown): string {
  const limits = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity };
  return show(value, { ...limits, showHidden: true, compact: false });
}

function own(key: string): object {
  const descriptor = { value: { x: 1 }, enumerable: true, configurable: true, writable: true };
  return Object.defineProperty({}, key, descriptor);
}

function sparse(length: number, items: Record<number, unknown>): unknown[] {
  return Object.assign([], items, { length });
}

const twice = { at: new Date(7), n: [1] };

const rich: Record<string, unknown> = {
  'a Date': new Date('2026-02-28T23:59:59.999Z'),
  'an invalid Date': [new Date(Number.NaN)],
  'a Map with keys of any kind, in order': new Map<unknown, unknown>([
    ['b', 1],
    ['a', new Date(1)],
    [2, 'b'],
    [null, undefined],
    [{ k: 1 }, new Set([1])],
    [[1], [[2]]],
  ]),
  'a Set of values of any kind, in order': new Set<unknown>(['1', 1, new Date(1), { a: 1 }, undefined, [1]]),
  'a Map of Maps': new Map([['in', new Map([[new Date(5), new Map([[new Date(6), [new Date(7)]]])]])]]),
  BigInts: { small: 0n, large: -(2n ** 200n), list: [1n, 2n] },
  'a URL': new URL('https://user:p@example.com:8080/a%20b?q=1&q=2#h'),
  'a RegExp': /a(?<n>\/)[^\]"/]+$/giu,
  'an empty RegExp': new RegExp(''),
  'undefined alone': undefined,
  'undefined in an object': { a: undefined, b: 1 },
  'undefined in an array': [undefined, 1, undefined],
  'numbers that JSON lacks': { nan: NaN, zero: -0, inf: Infinity, minus: -Infinity, list: [NaN, -0, 5e-324] },
  'an empty Uint8Array': new Uint8Array(0),
  'a Uint8Array': Uint8Array.from({ length: 300 }, (_, i) => i),
  'a Float64Array to the byte': Float64Array.of(NaN, -0, Infinity, 1.5, 5e-324),
  'a Float32Array': Float32Array.of(0.1),
  'an Int8Array': Int8Array.of(-1),
  'a Uint8ClampedArray': Uint8ClampedArray.of(255),
  'an Int16Array': Int16Array.of(-32768, 32767),
  'a Uint16Array': Uint16Array.of(65535),
  'an Int32Array': Int32Array.of(-1),
  'a Uint32Array': Uint32Array.of(2 ** 32 - 1),
  'a BigInt64Array': BigInt64Array.of(-1n, 2n ** 62n),
  'a BigUint64Array': BigUint64Array.of(2n ** 64n - 1n),
  'an ArrayBuffer': Uint8Array.of(1, 2, 3).buffer,
  'a DataView': new DataView(Uint8Array.of(1, 2, 3, 4).buffer),
  'binary values as blobs': [
    new Uint8Array(5000).fill(7),
    new Float64Array(1000).fill(-0),
    new ArrayBuffer(4096),
  ],
  'an Error with its cause': new Error('outer', { cause: new TypeError('inner', { cause: { code: 7 } }) }),
  'an Error without a message': new RangeError(),
  'an Error with further properties': Object.assign(new SyntaxError('x'), {
    code: 'E',
    at: new Date(1),
    '=Map': 1,
  }),
  'an AggregateError': new AggregateError([new Error('a'), 'b', undefined], 'both'),
  'an Error whose cause is undefined': new Error('x', { cause: undefined }),
  holes: sparse(6, { 1: 2, 2: new Date(1), 4: undefined }),
  'nothing but holes': sparse(3, {}),
  'an object that is met twice': { first: twice, second: twice, list: [twice, twice] },
  'keys that look like paths': {
    'a.b': new Date(1),
    'a\\.b': new Date(2),
    '': new Date(3),
    '0': [new Date(6)],
  },
  'the key __proto__': [new Date(1), own('__proto__'), { a: own('__proto__') }],
  'the keys constructor and prototype': [
    new Date(1),
    own('constructor'),
    own('prototype'),
    own('hasOwnProperty'),
  ],
  'objects that look like ours': [{ '=Date': 'x' }, { '=': 1 }, { '==': undefined }, { '=Map': [1n], b: 1 }],
  'objects that look like those of superjson': { json: { a: 1n }, meta: { values: { a: ['bigint'] } } },
};

const plain: Record<string, unknown> = {
  'nothing at all': null,
  texts: ['', 'a\0b', '\u2028\u2029', 'äbc€', 'a\ud800b', '\udc00', { '\udfffkey': 1 }],
  'texts that look like values': [
    '1n',
    'NaN',
    '-0',
    'undefined',
    '2026-02-28T23:59:59.999Z',
    '$ref:0',
    '=Date',
  ],
  numbers: [0, 1, -1.5, 5e-324, 2 ** 53, 1e308],
  'empty things': [{}, [], '', null],
  'the key __proto__': [own('__proto__'), { a: own('__proto__') }],
  'keys that objects inherit': [own('constructor'), own('prototype'), own('toString'), { toJSON: 'text' }],
  'keys of other formats': { $type: 'Date', $value: 1, _: 1, __type: 'x', json: {}, meta: {} },
  'objects that look like ours': [{ '=Date': 'x' }, { '==': 1 }],
  'an object of another realm': runInNewContext('({ a: [1, { b: 2 }] })'),
  'a long text': 'äbc€'.repeat(100_000),
};

describe('a codec', () => {
  test.each(Object.keys(rich))('brings back %s', (name) => {
    const back = roundTrip(rich[name]);
    expect(all(back)).toBe(all(rich[name]));
    expect(createCodec().inspect(rich[name], where)).toBe('rich');
    // And once more, as a part of another.
    expect(all(roundTrip([{ in: back }]))).toBe(all([{ in: rich[name] }]));
  });

  test.each(Object.keys(plain))('leaves %s to JSON alone', (name) => {
    expect(createCodec().inspect(plain[name], where)).toBe('plain');
    expect(all(roundTrip(plain[name]))).toBe(all(plain[name]));
    // The same in a document that is rich because of something else.
    expect(all(roundTrip([1n, plain[name]]))).toBe(all([1n, plain[name]]));
  });

  test('brings back any mixture of values', () => {
    const anything = fc.anything({
      key: fc.oneof(fc.string(), fc.constantFrom('__proto__', '=', '=Map', '==x', 'constructor')),
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      maxDepth: 4,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(all(roundTrip(value))).toBe(all(value));
      }),
      { numRuns: 1000 },
    );
  });

  test('says plain of just what JSON brings back', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withSparseArray: true, maxDepth: 3 });
    fc.assert(
      fc.property(anything, (value) => {
        let back: unknown;
        try {
          back = JSON.parse(JSON.stringify(value));
        } catch {
          back = Symbol('not JSON');
        }
        const same = isDeepStrictEqual(back, value) && all(back) === all(value);
        expect(createCodec().inspect(value, where)).toBe(same ? 'plain' : 'rich');
      }),
      { numRuns: 1000 },
    );
  });

  test('stores of a view the bytes that it shows', () => {
    const back = roundTrip(new Float64Array([1, 2, 3]).subarray(1, 2)) as Float64Array;
    expect(back).toStrictEqual(Float64Array.of(2));
    expect(back.buffer.byteLength).toBe(8);
    const view = new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2);
    expect(new Uint8Array((roundTrip(view) as DataView).buffer)).toEqual(Uint8Array.of(2, 3));
  });

  test('brings a Buffer back as a Uint8Array', () => {
    expect(roundTrip(Buffer.from('ab'))).toStrictEqual(Uint8Array.of(97, 98));
  });

  test('keeps where a RegExp with a state is', () => {
    const search = /a/g;
    search.test('aa');
    expect(roundTrip(search)).toMatchObject({ source: 'a', flags: 'g', lastIndex: 1 });
  });

  test('stores equal bytes as one blob', () => {
    const blobs = new Map<string, Uint8Array>();
    const codec = createCodec({ blobBytes: 3 });
    const json = codec.encode(
      [Uint8Array.of(1, 2, 3), { a: Uint8Array.of(1, 2, 3) }, Uint8Array.of(1)],
      blobs,
    );
    expect(blobs.size).toBe(1);
    expect([...blobsOf(json)]).toEqual([...blobs.keys(), ...blobs.keys()]);
    expect(JSON.stringify(json)).toContain('{"=bytes":["Uint8Array","AQ=="]}');
  });

  test('gives each value bytes of its own', () => {
    const blobs = new Map<string, Uint8Array>();
    const codec = createCodec({ blobBytes: 1 });
    const json = codec.encode([Uint8Array.of(1), Uint8Array.of(1)], blobs);
    const [first, second] = decode(json, blobs, codec.types) as [Uint8Array, Uint8Array];
    first[0] = 2;
    expect(second[0]).toBe(1);
    expect([...blobs.values()]).toEqual([Uint8Array.of(1)]);
  });

  test('does not take an object of the user for a blob', () => {
    const codec = createCodec();
    const value = [1n, { '=blob': ['Uint8Array', 'x'] }];
    expect([...blobsOf(codec.encode(value, new Map()))]).toEqual([]);
    expect(roundTrip(value)).toStrictEqual(value);
  });

  test('gives the JSON of an actor in its place', () => {
    const actor = Object.assign(Object.create({ send() {}, toJSON: () => ({ xstate$$type: 1, id: 'a' }) }), {
      sessionId: 'x:1',
      ref: {},
    });
    expect(createCodec().encode([actor, 1n], new Map())).toEqual([
      { xstate$$type: 1, id: 'a' },
      { '=bigint': '1' },
    ]);
  });

  test('adds no keys that begin with $ or _', () => {
    const keys: string[] = [];
    JSON.parse(JSON.stringify(createCodec().encode(rich, new Map())), (key, item) => {
      keys.push(key);
      return item;
    });
    expect(keys.filter((key) => /^[$_]/.test(key) && key !== '__proto__')).toEqual([]);
  });
});

describe('errors as values', () => {
  test('come back with the flags that properties of errors have', () => {
    const back = roundTrip(Object.assign(new AggregateError([1], 'm', { cause: 2 }), { code: 3 })) as object;
    expect(Object.keys(back)).toEqual(['code']);
    expect(Object.getOwnPropertyDescriptor(back, 'cause')).toEqual({
      value: 2,
      enumerable: false,
      configurable: true,
      writable: true,
    });
  });

  test('of a class of one’s own come back as the nearest built-in one, with their name', () => {
    class HttpError extends TypeError {
      override name = 'HttpError';
      status = 404;
    }
    const back = roundTrip(new HttpError('gone')) as HttpError;
    expect(back).toBeInstanceOf(TypeError);
    expect(back).not.toBeInstanceOf(HttpError);
    expect(back).toMatchObject({ name: 'HttpError', message: 'gone', status: 404 });
  });

  test('of a host come back with name and message', () => {
    const back = roundTrip(new DOMException('stop', 'AbortError')) as Error;
    expect(back).toBeInstanceOf(Error);
    expect(back).toMatchObject({ name: 'AbortError', message: 'stop' });
  });

  test('of another realm come back as errors of this one', () => {
    const back = roundTrip(runInNewContext('new RangeError("far")'));
    expect(back).toBeInstanceOf(RangeError);
    expect(back).toMatchObject({ name: 'RangeError', message: 'far' });
  });
});

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}

const money: CustomType = {
  name: 'money',
  is: (value) => value instanceof Money,
  encode: ({ amount, currency }: Money) => [amount, currency],
  decode: ([amount, currency]: [bigint, string]) => new Money(amount, currency),
};

describe('custom types', () => {
  test('bring back instances, anywhere, with rich values in them', () => {
    const value = {
      price: new Money(3n, 'EUR'),
      all: new Map([[new Money(1n, 'USD'), [new Money(2n, 'USD')]]]),
    };
    expect(roundTrip(value, createCodec({ types: [money] }))).toStrictEqual(value);
  });

  test('come before what a built-in class would do', () => {
    const day: CustomType = {
      name: 'day',
      is: (value) => value instanceof Date,
      encode: (date: Date) => date.getUTCDate(),
      decode: (date: number) => `the ${date}th`,
    };
    expect(roundTrip(new Date('2026-01-05'), createCodec({ types: [day] }))).toBe('the 5th');
  });

  test('are not asked about plain objects, arrays and primitives', () => {
    const asked: unknown[] = [];
    const nosy: CustomType = { ...money, is: (value) => asked.push(value) < 0 };
    const date = new Date(0);
    createCodec({ types: [nosy] }).inspect([{}, 'a', 1n, null, Object.create(null), date], where);
    expect(asked).toEqual([date]);
  });

  test('that share a name are an error at once', () => {
    expect(() => createCodec({ types: [money, { ...money }] })).toThrow(/Two custom types .* 'money'/);
  });

  test('that are gone when a document is read are named', () => {
    const json = createCodec({ types: [money] }).encode([new Money(1n, 'EUR')], new Map());
    expect(() => decode(json, new Map(), [])).toThrow(/'money' is not registered/);
  });
});

describe('a damaged document', () => {
  test.each<[string, unknown, RegExp]>([
    ['a blob that is gone', { '=blob': ['Uint8Array', 'abc'] }, /blob abc is missing/],
    ['a tag of nobody', { '=what': 1 }, /what/],
    ['a Map without entries', { '=Map': 3 }, /no list/],
    ['bytes of no class', { '=bytes': ['Function', ''] }, /'Function'/],
    ['bytes that are no text', { '=bytes': ['Uint8Array', 3] }, /not text/],
    ['bytes that do not fit', { '=bytes': ['Float64Array', 'AQ=='] }, /multiple of 8/],
  ])('with %s throws', (_, json, message) => {
    expect(() => decode(json as never, new Map(), [])).toThrow(message);
  });
});
