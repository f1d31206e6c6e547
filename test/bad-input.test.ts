/** What no caller should do, and what no disk should: each gets its typed error. */
import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { createRuntime, durable, InvalidArgumentError, SavepointError } from 'savepoint';
import type { Run, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { counter } from './support/counter.ts';
import { stores, temporaryFile, temporarySqlite } from './support/stores.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [counter], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

const startedOn = (store: Store): Promise<Run<typeof counter>> =>
  runtimeOn(store).start(counter, { id: 'order-1' });

const codeOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
    return 'nothing';
  } catch (error) {
    return SavepointError.isInstance(error) ? error.code : error;
  }
};

async function idsOf(runtime: Runtime): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of runtime.list()) ids.push(id);
  return ids;
}

/** What callers pass that TypeScript would not let them. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is what the caller needs
const wrongly = <T>(value: unknown): T => value as T;

describe('a machine', () => {
  const nameless = { context: {} };
  const wrong: [string, unknown][] = [
    ['without an id', createMachine({ ...nameless })],
    ['with an empty id', createMachine({ ...nameless, id: '' })],
    ['that is a config', { id: 'order', ...nameless }],
    ['that is undefined', undefined],
    ['that is null', null],
    ['that is its id', 'order'],
  ];

  it.each(wrong)('%s is refused everywhere, and nothing is stored', async (_, given) => {
    const store = memoryStore();
    const runtime = runtimeOn(store);
    const machine = wrongly<AnyStateMachine>(given);
    for (const call of [
      () => createRuntime({ store, machines: [machine] }),
      () => runtime.start(machine, { id: 'order-1' }),
      () => runtime.ensure(machine, { id: 'order-1' }),
      () => durable(machine, { store, id: 'order-1' }),
    ])
      expect(await codeOf(call), String(call)).toBe('INVALID_ARGUMENT');
    expect(await idsOf(runtime)).toEqual([]);
  });

  it.each(wrong.slice(0, 3))('%s opens no run', async (_, given) => {
    const runtime = runtimeOn(memoryStore());
    await runtime.start(counter, { id: 'order-1' });
    expect(await codeOf(() => runtime.open(wrongly<AnyStateMachine>(given), 'order-1'))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it.each(wrong.slice(3, 5))('%s opens no run', async (_, given) => {
    const runtime = runtimeOn(memoryStore());
    await runtime.start(counter, { id: 'order-1' });
    expect(await codeOf(() => runtime.open(wrongly<AnyStateMachine>(given), 'order-1'))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('without an id is told what to write', async () => {
    await expect(runtimeOn(memoryStore()).start(createMachine({ ...nameless }))).rejects.toThrow(
      /no id.*createMachine\(\{ id: /,
    );
  });
});

const wrongIds: [string, unknown, RegExp][] = [
  ['empty', '', /is empty/],
  ['a NUL', 'order\0-1', /NUL/],
  ['nothing but a NUL', '\0', /NUL/],
  ['10 KB long', 'x'.repeat(10_240), /10240 characters.*1024/],
  ['a lone high surrogate', 'order-\ud800', /well-formed/],
  ['a lone low surrogate', '\udc00order', /well-formed/],
  ['surrogates the wrong way round', '\udc00\ud800', /well-formed/],
  ['a number', 5, /number/],
  ['null', null, /null|object/],
  ['an object', { id: 'order-1' }, /object/],
  ['a list', ['order-1'], /object|list/],
];

describe.each(stores)('a run id on %s', (_, makeStore) => {
  it.each(wrongIds)('that is %s is refused everywhere, and nothing is stored', async (_name, given, says) => {
    const store = makeStore();
    const runtime = runtimeOn(store);
    const id = wrongly<string>(given);
    const calls: [string, () => unknown][] = [
      ['start', () => runtime.start(counter, { id })],
      ['open', () => runtime.open(counter, id)],
      ['ensure', () => runtime.ensure(counter, { id })],
      ['durable', () => durable(counter, { store, id, logger: () => {} })],
      ['get', () => runtime.get(id)],
      ['delete', () => runtime.delete(id)],
      ['checkpoint', () => runtime.checkpoint(id, 1)],
      ['history', () => runtime.history(id).next()],
    ];
    for (const [name, call] of calls) {
      expect(await codeOf(call), name).toBe('INVALID_ARGUMENT');
      await expect(Promise.resolve().then(call), name).rejects.toThrow(says);
    }
    expect(await idsOf(runtime)).toEqual([]);
  });

  it.each([
    'x',
    ' ',
    'x'.repeat(1024),
    'é',
    '😀',
    'a/b:c#d%',
    "'; DROP TABLE runs; --",
    '__proto__',
    '.',
    '\n',
  ])('that is %j is as good as any', async (id) => {
    const store = makeStore();
    const run = await runtimeOn(store).start(counter, { id });
    await run.send({ type: 'add' }, { id });
    await run.release();
    const again = await runtimeOn(store).open(counter, id);
    expect([again.id, again.getSnapshot().context.count]).toEqual([id, 1]);
    expect(await idsOf(runtimeOn(store))).toEqual([id]);
  });
});

describe('an event id', () => {
  it.each(wrongIds)('that is %s is refused, and the event with it', async (_, id, says) => {
    const run = await startedOn(memoryStore());
    const send = () => run.send({ type: 'add' }, { id: wrongly<string>(id) });
    await expect(send()).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(send()).rejects.toThrow(says);
    await expect(send()).rejects.toThrow('event id');
    expect([run.seq, run.getSnapshot().context.count]).toEqual([1, 0]);
    expect(await run.send({ type: 'add' }, { id: 'click-1' })).toMatchObject({ seq: 2 });
  });
});

describe('an event', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['its type', 'add'],
    ['a number', 5],
    ['true', true],
    ['a function', () => ({ type: 'add' })],
    ['a list', [{ type: 'add' }]],
    ['an object without a type', { by: 2 }],
    ['an object whose type is no text', { type: 5 }],
    ['a symbol', Symbol('add')],
  ])('that is %s is refused by send and by the actor, and is no turn', async (_, given) => {
    const run = await startedOn(memoryStore());
    const event = wrongly<{ type: 'add' }>(given);
    await expect(run.send(event)).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(run.send(event, { id: 'click-1' })).rejects.toThrow("such as { type: 'approve' }");
    expect(() => run.actor.send(event)).toThrow(InvalidArgumentError);
    expect(run.seq).toBe(1);
    expect(await run.send({ type: 'add' }, { id: 'click-1' })).toMatchObject({ seq: 2 });
  });

  it.each([
    ['released', (run: Run<typeof counter>) => run.release(), 'was released'],
    [
      'at its end',
      async (run: Run<typeof counter>) => {
        await run.send({ type: 'finish' });
        await run.done();
      },
      'is at its end',
    ],
    ['deleted', (_: unknown, runtime: Runtime) => runtime.delete('order-1'), 'was deleted'],
  ])('for a run that is %s is refused', async (_, end, says) => {
    for (const [, makeStore] of stores) {
      const runtime = runtimeOn(makeStore());
      const run = await runtime.start(counter, { id: 'order-1' });
      await end(run, runtime);
      for (const options of [{}, { id: 'click-1' }, { required: true }]) {
        const sent = run.send({ type: 'add' }, options);
        await expect(sent).rejects.toMatchObject({ code: 'RUN_CLOSED', run: 'order-1' });
        await expect(sent).rejects.toThrow(says);
      }
      expect(() => run.actor.send({ type: 'add' })).toThrow(says);
    }
  });
});

describe('what a run is listed by', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  const isRefused = async (_: string, options: object): Promise<void> => {
    const runtime = runtimeOn(memoryStore());
    const given = wrongly<{ id: string }>({ id: 'order-1', ...options });
    expect(await codeOf(() => runtime.start(counter, given))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => runtime.ensure(counter, given))).toBe('INVALID_ARGUMENT');
    expect(await idsOf(runtime)).toEqual([]);
  };

  it.each([
    ['tags that are a text', { tags: 'vip' }],
    ['tags that are no texts', { tags: ['vip', 5] }],
    ['tags that are null', { tags: null }],
    ['tags that are a Set', { tags: new Set(['vip']) }],
    ['metadata that is a text', { metadata: 'vip' }],
    ['metadata with an object', { metadata: { customer: { id: 7 } } }],
    ['metadata with a list', { metadata: { items: [1] } }],
    ['metadata with undefined', { metadata: { customer: undefined } }],
    ['metadata with NaN', { metadata: { total: NaN } }],
    ['metadata with a Date', { metadata: { at: new Date(0) } }],
    ['metadata with a bigint', { metadata: { total: 5n } }],
    ['metadata with a function', { metadata: { act: () => {} } }],
    ['metadata with itself', { metadata: circular }],
  ])('is no %s', isRefused);

  it.each([
    ['tags with a hole', { tags: [, 'vip'] }], // oxlint-disable-line no-sparse-arrays
    ['metadata that is null', { metadata: null }],
    ['metadata that is a list', { metadata: ['vip'] }],
    ['metadata that is a Date', { metadata: new Date(0) }],
    ['metadata that is a Map', { metadata: new Map([['customer', 'c-7']]) }],
  ])('is no %s', isRefused);

  it.each(stores)('is kept as it was given, on %s', async (_, makeStore) => {
    const runtime = runtimeOn(makeStore());
    const tags = ['vip', 'vip', '', '😀', "'"];
    const metadata = { '': '', 'a.b': -1.5e300, open: false, nothing: null, constructor: '\u0000' };
    await runtime.start(counter, { id: 'order-1', tags, metadata });
    const { tags: kept, metadata: found } = await runtime.get('order-1');
    expect(new Set(kept)).toEqual(new Set(tags));
    expect(found).toEqual(metadata);
  });
});

it.each([
  ['no options', undefined],
  ['no store', {}],
  ['a path', { store: 'runs.db' }],
  ['null', { store: null }],
])('a runtime is not made with %s', (_, options) => {
  expect(() => createRuntime(wrongly(options))).toThrow(InvalidArgumentError);
});

/** Writes a file with one run, and closes it. */
async function writeRun(path: string, use: (run: Run<typeof counter>) => Promise<unknown>): Promise<void> {
  const store = sqliteStore(path, { synchronous: 'normal' });
  const runtime = createRuntime({ store });
  await use(await runtime.start(counter, { id: 'order-1' }));
  await runtime.close();
  await store.close();
}

async function writtenBy(use: (run: Run<typeof counter>) => Promise<unknown>): Promise<string> {
  const path = temporaryFile();
  await writeRun(path, use);
  return path;
}

describe('a database file', () => {
  const calls: [string, (runtime: Runtime) => unknown][] = [
    ['start', (runtime) => runtime.start(counter, { id: 'order-2' })],
    ['open', (runtime) => runtime.open(counter, 'order-1')],
    ['ensure', (runtime) => runtime.ensure(counter, { id: 'order-1' })],
    ['get', (runtime) => runtime.get('order-1')],
    ['list', (runtime) => runtime.list()[Symbol.asyncIterator]().next()],
    ['history', (runtime) => runtime.history('order-1').next()],
    ['checkpoint', (runtime) => runtime.checkpoint('order-1', 1)],
    ['delete', (runtime) => runtime.delete('order-1')],
  ];

  /** A closed file with one run that is large enough to be cut. */
  const written = (): Promise<string> =>
    writtenBy((run) => run.send({ type: 'keep', value: 'x'.repeat(100_000) }));

  it.each(calls)('that is not SQLite is refused by %s, and left as it was', async (_, call) => {
    const path = temporaryFile('letter.txt');
    const text = 'Dear reader, this is a letter and no database. '.repeat(100);
    writeFileSync(path, text);
    const store = temporarySqlite(path);
    const failed = Promise.resolve().then(() => call(runtimeOn(store)));
    await expect(failed).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
    await expect(failed).rejects.toThrow(path);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each(calls)('that is truncated is refused by %s', async (_, call) => {
    const path = await written();
    truncateSync(path, statSync(path).size >> 1);
    const store = temporarySqlite(path);
    const failed = Promise.resolve().then(() => call(runtimeOn(store)));
    await expect(failed).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
    await expect(failed).rejects.toThrow(/damaged or cut short/);
    await store.close();
  });

  // As another user it is tested with the store.
  const isRoot = process.getuid?.() === 0;
  const why = isRoot ? ' (skipped: root may write anything)' : '';
  it.skipIf(isRoot).each(calls)(`that is read-only is refused by %s${why}`, async (_, call) => {
    const path = await written();
    chmodSync(path, 0o444);
    chmodSync(dirname(path), 0o555);
    onTestFinished(() => chmodSync(dirname(path), 0o755));
    const store = temporarySqlite(path);
    const failed = Promise.resolve().then(() => call(runtimeOn(store)));
    await expect(failed).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
    await expect(failed).rejects.toThrow(path);
    await store.close();
  });
});

describe('a damaged checkpoint', () => {
  let template: string;
  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), 'savepoint-'));
    await writeRun(join(template, 'runs.db'), async (run) => {
      for (let n = 0; n < 4; n++) await run.send({ type: 'add' });
      const kinds: string[] = [];
      for await (const { kind } of run.history()) kinds.push(kind);
      expect(kinds).toEqual(['base', 'delta', 'delta', 'delta', 'delta']);
    });
  });
  afterAll(() => rm(template, { recursive: true }));

  /** A closed file with a run of five checkpoints, a base and four deltas. */
  async function written(): Promise<string> {
    const path = temporaryFile();
    await copyFile(join(template, 'runs.db'), path);
    return path;
  }

  /** Writes something into one column of one checkpoint. */
  function damage(path: string, seq: number, column: 'header' | 'body', to: (was: string) => unknown): void {
    const file = new Database(path);
    for (const table of ['checkpoints', 'grouped']) {
      const found = file.prepare(`SELECT key, ${column} AS text FROM ${table} ORDER BY key`).all() as {
        key: bigint;
        text: string;
      }[];
      for (const { key, text } of found)
        if (Number(key) % 2 ** 28 === seq)
          file.prepare(`UPDATE ${table} SET ${column} = ? WHERE key = ?`).run(to(text), key);
    }
    file.close();
  }

  const cut = (text: string): string => text.slice(0, text.length >> 1);
  const put = (value: unknown) => (): unknown => value;

  const headers: [string, (was: string) => unknown][] = [
    ['null', put('null')],
    ['a number', put('7')],
    ['a text', put('"add"')],
    ['an empty object', put('{}')],
    ['an empty list', put('[]')],
    ['a cause that is null', put('{"cause":null}')],
    ['empty', put('')],
    ['garbage', put('\u0000\u0001Nonsense')],
    ['truncated', cut],
    ['bytes', put(Buffer.from([0, 1, 2, 255]))],
  ];
  const bases: [string, (was: string) => unknown][] = [
    ['{}', put('{}')],
    ['[]', put('[]')],
    ['null', put('null')],
    ['a number', put('7')],
    ['a snapshot that is null', put('{"snapshot":null,"delays":{}}')],
    ['a snapshot that is empty', put('{"snapshot":{},"delays":{}}')],
    ['no delays', put('{"snapshot":{"status":"active"}}')],
    ['rich nonsense', put('={"$type":7}')],
    ['empty', put('')],
    ['garbage', put('%PDF-1.7')],
    ['truncated', cut],
    ['bytes', put(Buffer.from([0, 1, 2, 255]))],
  ];
  const deltas: [string, (was: string) => unknown][] = [
    ['{}', put('{}')],
    ['null', put('null')],
    ['a number', put('7')],
    ['a list of nonsense', put('[7]')],
    ['a list of null', put('[null]')],
    ['an empty patch', put('[[]]')],
    ['a path that leads nowhere', put('[[["snapshot","contexts","count"],1]]')],
    ['a splice of no list', put('[[["snapshot"],0,1,[]]]')],
    ['rich nonsense', put('={"a":')],
    ['empty', put('')],
    ['garbage', put('[\u0000')],
    ['truncated', cut],
  ];

  const strange: [string, (was: string) => unknown][] = [
    ['bytes', put(Buffer.from([0, 1, 2, 255]))],
    ['another document', put('[[[],5]]')],
    ['a document without a snapshot', put('[[["snapshot"],null]]')],
    ['a document without delays', put('[[["delays"]]]')],
  ];

  /** The run cannot be opened, and nothing but what stands on the damaged row is lost. */
  async function isDamaged(path: string, seq: number): Promise<void> {
    const store = temporarySqlite(path);
    const runtime = runtimeOn(store);
    const corrupt = { code: 'CORRUPT_CHECKPOINT', run: 'order-1', seq };
    await expect(runtime.open(counter, 'order-1')).rejects.toMatchObject(corrupt);
    await expect(runtimeOn(store).ensure(counter, { id: 'order-1' })).rejects.toMatchObject(corrupt);
    for (let at = 1; at <= 5; at++)
      if (at < seq)
        expect((await runtime.checkpoint('order-1', at)).snapshot).toMatchObject({
          context: { count: at - 1 },
        });
      else await expect(runtime.checkpoint('order-1', at), `${at}`).rejects.toMatchObject(corrupt);
    expect(await runtime.get('order-1')).toMatchObject({ seq: 5, status: 'idle' });
    await runtime.delete('order-1');
  }

  it.each(bases)('whose base is %s cannot be read, nor what stands on it', async (_, to) => {
    const path = await written();
    damage(path, 1, 'body', to);
    await isDamaged(path, 1);
  });

  it.each(headers)(
    'whose base has a header that is %s cannot be read, nor what stands on it',
    async (_, to) => {
      const path = await written();
      damage(path, 1, 'header', to);
      await isDamaged(path, 1);
    },
  );

  it.each(deltas)('whose delta is %s leaves those before it readable', async (_, to) => {
    const path = await written();
    damage(path, 3, 'body', to);
    await isDamaged(path, 3);
  });

  it.each(deltas)(
    'that is the newest one, and whose delta is %s, leaves all others readable',
    async (_, to) => {
      const path = await written();
      damage(path, 5, 'body', to);
      await isDamaged(path, 5);
    },
  );

  it.each(strange)('whose delta is %s leaves those before it readable', async (_, to) => {
    const path = await written();
    damage(path, 3, 'body', to);
    await isDamaged(path, 3);
  });

  it.each(headers)('with a header that is %s is named by the history, where it is met', async (_, to) => {
    const path = await written();
    damage(path, 3, 'header', to);
    const store = temporarySqlite(path);
    const runtime = runtimeOn(store);
    const seqs: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { seq } of runtime.history('order-1')) seqs.push(seq);
    };
    const corrupt = { code: 'CORRUPT_CHECKPOINT', run: 'order-1', seq: 3 };
    await expect(read()).rejects.toMatchObject(corrupt);
    expect(seqs).toEqual([1, 2]);
    await expect(runtime.checkpoint('order-1', 3)).rejects.toMatchObject(corrupt);
    expect((await runtime.checkpoint('order-1', 4)).snapshot).toMatchObject({ context: { count: 3 } });
    expect((await runtime.open(counter, 'order-1')).getSnapshot().context.count).toBe(4);
  });

  it('with a header whose event is null is named by the history', async () => {
    const path = await written();
    damage(path, 3, 'header', put('{"cause":{"type":"event","event":null}}'));
    const runtime = runtimeOn(temporarySqlite(path));
    const read = runtime.history('order-1', { from: 3 }).next();
    await expect(read).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', seq: 3 });
  });

  it('of a run at its end cannot be opened either, and the earlier ones are readable', async () => {
    const path = await writtenBy(async (run) => {
      await run.send({ type: 'finish' });
      await run.done();
    });
    damage(path, 2, 'body', cut);
    const again = temporarySqlite(path);
    const reader = runtimeOn(again);
    await expect(reader.open(counter, 'order-1')).rejects.toMatchObject({
      code: 'CORRUPT_CHECKPOINT',
      seq: 2,
    });
    expect((await reader.checkpoint('order-1', 1)).seq).toBe(1);
  });

  it('of another format is named as such', async () => {
    const path = await written();
    damage(path, 1, 'header', (was) => was.replace('"format":1', '"format":99'));
    const store = temporarySqlite(path);
    const opening = runtimeOn(store).open(counter, 'order-1');
    await expect(opening).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', seq: 1 });
    await expect(opening).rejects.toThrow(/format 99.*update/);
  });

  it('whose blob is missing is named', async () => {
    const path = await writtenBy(async (run) => {
      await run.send({ type: 'add' });
      await run.send({ type: 'keep', value: new Uint8Array(20_000) });
    });
    const file = new Database(path);
    expect(file.prepare("DELETE FROM records WHERE kind = 'blob'").run().changes).toBe(1);
    file.close();
    const again = temporarySqlite(path);
    const runtime = runtimeOn(again);
    await expect(runtime.open(counter, 'order-1')).rejects.toMatchObject({
      code: 'CORRUPT_CHECKPOINT',
      seq: 3,
    });
    expect((await runtime.checkpoint('order-1', 2)).seq).toBe(2);
  });
});
