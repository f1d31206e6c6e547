/** Runs on a sealed store: all of them, with nothing to be read from outside, over changes of the key. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createRuntime,
  fromDurable,
  type DurableArgs,
  inputRequest,
  sealed,
  sendToRun,
  WrongKeyError,
  type Runtime,
  type SealedOptions,
  type Store,
} from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { temporaryFile } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';

const key = 'a secret of some length';
const another = 'another secret, as long';

/** Nobody but the run may ever read it. */
const secret = 'Wolpertinger of the Böhmerwald';

/** Has a record of each kind by the time that it waits: rows of all kinds, a question, and a message that is left for it. */
const treatment = setup({
  types: typed<{
    context: { patient: string; scan: Uint8Array; notes: string[] };
    input: { patient: string };
    events: { type: 'note'; text: string } | { type: 'refer' };
  }>(),
  actors: {
    diagnose: fromDurable(({ step, input }: DurableArgs<string>) =>
      step('look it up', () => `found ${input}`),
    ),
    consent: inputRequest({ schema: z.object({ signedBy: z.string() }) }),
  },
}).createMachine({
  id: 'treatment',
  context: ({ input }) => ({
    patient: input.patient,
    scan: new Uint8Array(9000).map((_, at) => input.patient.codePointAt(at % input.patient.length)!),
    notes: [],
  }),
  on: {
    note: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) },
    refer: {
      actions: sendToRun('referral', ({ context }) => ({ type: 'note', text: context.patient })),
    },
  },
  initial: 'examined',
  states: {
    examined: {
      invoke: {
        src: 'diagnose',
        input: ({ context }) => context.patient,
        onDone: {
          target: 'asking',
          actions: assign({ notes: ({ event }) => [event.output] }),
        },
      },
    },
    asking: {
      invoke: {
        src: 'consent',
        id: 'consent',
        input: ({ context }) => ({
          prompt: `May we treat ${context.patient}?`,
          details: { of: context.patient },
        }),
        onDone: {
          target: 'asking again',
          actions: assign({ notes: ({ context, event }) => [...context.notes, event.output.signedBy] }),
        },
      },
    },
    'asking again': {
      invoke: { src: 'consent', id: 'second', input: { prompt: `Once more, ${secret}?` }, onDone: 'treated' },
    },
    treated: { type: 'final' },
  },
});

function runtimeOn(store: Store): Runtime {
  const runtime = createRuntime({ store, machines: [treatment], logger: () => {} });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** A run that has been through all that a run can hold, and waits for an answer. */
async function treat(runtime: Runtime, id: string): Promise<void> {
  const run = await runtime.start(treatment, {
    id,
    input: { patient: secret },
    metadata: { patient: secret },
    tags: ['ward 7'],
  });
  await run.waitForInput();
  await run.send({ type: 'note', text: `${secret} sleeps` }, { id: `${id}-note`, by: secret });
  await run.answer(`${id}/consent`, { signedBy: secret }, { by: secret });
  await run.waitForInput();
  await run.release();
}

const expected = [`found ${secret}`, `${secret} sleeps`, secret];

describe.each<[string, (options: SealedOptions) => Store]>([
  ['memory', (options) => sealed(memoryStore(), options)],
  ['SQLite', (options) => sealed(sqliteStore(temporaryFile(), { synchronous: 'normal' }), options)],
])('a run on a sealed store: %s', (_, makeStore) => {
  it('goes from one runtime to the next, with all that it holds, to its end', async () => {
    const store = makeStore({ key });
    const first = runtimeOn(store);
    await treat(first, 'p-1');
    await first.close();
    const second = runtimeOn(store);
    expect(await second.get('p-1')).toMatchObject({
      status: 'waitingForInput',
      metadata: { patient: secret },
      error: undefined,
    });
    expect(await all(second.list({ metadata: { patient: secret } }))).toHaveLength(1);
    expect(await all(second.inputs())).toMatchObject([{ id: 'p-1/second', prompt: `Once more, ${secret}?` }]);
    const run = await second.open(treatment, 'p-1');
    const { context } = run.getSnapshot();
    expect(context.notes).toEqual(expected);
    expect(context.scan).toHaveLength(9000);
    await second.answer('p-1/second', { signedBy: 'Ann' });
    await run.done();
    expect(await second.recordOf('p-1/consent')).toMatchObject({ status: 'answered', by: secret });
    const history = await all(run.history());
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, at) => at + 1));
    expect((await run.checkpoint(1)).snapshot).toMatchObject({ context: { patient: secret } });
    expect(await second.send('p-1', { type: 'note', text: '' }, { id: 'p-1-note' })).toMatchObject({
      delivered: true,
    });
  });
});

describe('a file that is sealed', () => {
  const sealedFile = async (): Promise<string> => {
    const path = temporaryFile();
    const store = sealed(sqliteStore(path, { synchronous: 'normal' }), { key });
    const runtime = runtimeOn(store);
    await runtime.start(treatment, { id: 'referral', input: { patient: 'someone' } });
    await treat(runtime, 'p-1');
    const run = await runtime.open('p-1');
    await run.send({ type: 'refer' });
    await run.settled();
    await runtime.close();
    await store.enqueue('p-1', { id: 'left', value: JSON.stringify(secret) });
    await store.close();
    return path;
  };

  it('shows nothing of what its runs hold, in whatever encoding', async () => {
    const path = await sealedFile();
    const folder = dirname(path);
    const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
    const words = [
      secret,
      'Wolpertinger',
      'Böhmerwald',
      'May we treat',
      'asking again',
      'signedBy',
      'ward 8',
    ];
    for (const word of words) {
      for (const encoding of ['utf8', 'utf16le', 'latin1', 'hex'] as const) {
        expect(bytes.includes(Buffer.from(word, encoding === 'hex' ? 'utf8' : encoding))).toBe(false);
        const hex = Buffer.from(Buffer.from(word).toString('hex'));
        expect(bytes.includes(hex)).toBe(false);
      }
      // Wherever it begins, base64 of it has one of these in it.
      for (const offset of [0, 1, 2]) {
        const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(word)]).toString('base64');
        if (word.length > 8) expect(bytes.includes(shifted.slice(4, -4))).toBe(false);
      }
    }
  });

  it('shows what it is searched by, as the documentation says', async () => {
    const bytes = readFileSync(await sealedFile());
    for (const word of [
      'p-1',
      'treatment',
      'waitingForInput',
      'ward 7',
      'p-1/second',
      'look it up',
      'p-1-note',
    ])
      expect(bytes.includes(word)).toBe(true);
  });
});

describe('a change of the key', () => {
  it('leaves old records readable, and writes new ones with the new key', async () => {
    const inner = memoryStore();
    const before = runtimeOn(sealed(inner, { key }));
    await treat(before, 'p-1');
    await treat(before, 'p-2');
    await before.close();

    const during = runtimeOn(sealed(inner, { key: another, keys: [key] }));
    const run = await during.open(treatment, 'p-1');
    expect(run.getSnapshot().context.notes).toEqual(expected);
    await run.send({ type: 'note', text: 'under the new key' });
    await treat(during, 'p-3');
    await during.close();

    // Once what is old is gone, the old key can go.
    const after = runtimeOn(sealed(inner, { key: another }));
    expect((await after.open(treatment, 'p-3')).getSnapshot().context.notes).toEqual(expected);
    await expect(after.open('p-2')).rejects.toBeInstanceOf(WrongKeyError);
    // Its head is new, and what it stands on is not.
    expect(await after.get('p-1')).toMatchObject({ metadata: { patient: secret } });
    await expect(after.open('p-1')).rejects.toBeInstanceOf(WrongKeyError);

    await after.close();
    const old = runtimeOn(sealed(inner, { key }));
    await expect(old.open('p-3')).rejects.toBeInstanceOf(WrongKeyError);
    expect((await old.open(treatment, 'p-2')).getSnapshot().context.notes).toEqual(expected);
  });
});

describe('a wrong key', () => {
  it('is said by every way to read a run, and the run is as it was', async () => {
    const inner = memoryStore();
    const right = runtimeOn(sealed(inner, { key }));
    await treat(right, 'p-1');
    await right.close();
    const wrong = runtimeOn(sealed(inner, { key: another }));
    const calls: (() => Promise<unknown>)[] = [
      () => wrong.get('p-1'),
      () => wrong.open('p-1'),
      () => wrong.send('p-1', { type: 'note', text: '' }),
      () => wrong.answer('p-1/second', { signedBy: 'Eve' }),
      () => wrong.cancel('p-1'),
      () => wrong.retry('p-1'),
      () => wrong.recordOf('p-1/consent'),
      () => wrong.checkpoint('p-1', 1),
      () => all(wrong.history('p-1')),
    ];
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({
        code: 'WRONG_KEY',
        run: 'p-1',
        message: expect.stringContaining("of run 'p-1' is sealed with the key"),
      });
    expect(await all(wrong.list())).toMatchObject([
      { id: 'p-1', status: 'waitingForInput', metadata: {}, error: { name: 'WrongKeyError' } },
    ]);
    expect(await all(wrong.inputs())).toMatchObject([
      { id: 'p-1/second', actor: 'second', prompt: undefined, error: { name: 'WrongKeyError' } },
    ]);
    await wrong.close();
    const again = runtimeOn(sealed(inner, { key }));
    expect((await again.open(treatment, 'p-1')).getSnapshot().context.notes).toEqual(expected);
  });

  it('starts runs of its own beside those that it cannot read', async () => {
    const inner = memoryStore();
    const right = runtimeOn(sealed(inner, { key }));
    await treat(right, 'p-1');
    const wrong = runtimeOn(sealed(inner, { key: another }));
    await treat(wrong, 'p-2');
    expect((await all(wrong.list())).map(({ id, error }) => [id, error?.name])).toEqual([
      ['p-1', 'WrongKeyError'],
      ['p-2', undefined],
    ]);
    const { failed } = await wrong.recover();
    expect(failed).toEqual([]);
  });
});

it('a store that was written without a key is not read with one, and says what to do', async () => {
  const inner = memoryStore();
  const plain = runtimeOn(inner);
  await treat(plain, 'p-1');
  const runtime = runtimeOn(sealed(inner, { key }));
  await plain.close();
  await expect(runtime.get('p-1')).rejects.toThrow(
    /The head of run 'p-1' cannot be read: it is not sealed.*migrateStore/,
  );
  await expect(runtime.open('p-1')).rejects.toThrow(
    /checkpoint 1 of run 'p-1'.* is not sealed.*migrateStore/,
  );
  await treat(runtime, 'p-2');
  expect((await all(runtime.list())).map(({ id, error }) => [id, error?.name])).toEqual([
    ['p-1', 'StoreError'],
    ['p-2', undefined],
  ]);
  // The other way round, what is sealed is no head.
  await expect(runtimeOn(inner).get('p-2')).rejects.toThrow("The head of run 'p-2' is damaged");
});
