import { describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { overriding } from '../../test/support/staged-store.ts';
import { temporarySqlite } from '../../test/support/stores.ts';
import { FencedError, InvalidArgumentError, RunExistsError, RunLockedError, StoreError } from '../errors.ts';
import { sealed } from '../sealed/sealed.ts';
import type { CheckpointRow, RowKind, RunCommit, Store } from '../store.ts';
import type { MigrationReport } from './migrate-options.ts';
import { migrateStore } from './migrate-store.ts';

const owner = 'owner';
const kinds: readonly RowKind[] = ['event', 'blob', 'step', 'outbox', 'asked', 'answer'];

const checkpoint = (seq: number, base: boolean): CheckpointRow => ({
  seq,
  base,
  time: 1000 + seq,
  header: `header ${seq}`,
  body: `body ${seq} ${'x'.repeat(seq % 100)}`,
});

/** A run with something of each kind. */
const creation = (run: string, change: Partial<RunCommit> = {}): RunCommit => ({
  run,
  owner,
  fence: 1,
  create: true,
  expect: 0,
  head: {
    machine: 'refund',
    version: '2',
    status: 'sleeping',
    due: 5000,
    createdAt: 100,
    tags: ['b', 'a'],
    more: `{"starter":"${run.length}"}`,
  },
  checkpoints: [checkpoint(1, true), checkpoint(2, false), checkpoint(5, true), checkpoint(6, false)],
  put: kinds.flatMap((kind) => [
    { kind, key: `${kind} 1`, value: kind === 'blob' ? Uint8Array.of(0, 255, 7) : `value of ${kind} 1` },
    { kind, key: `${kind} \uffff`, value: kind === 'blob' ? new Uint8Array() : '' },
  ]),
  ask: [
    { id: `${run}/b`, machine: 'refund', assignee: 'ann', tags: ['x'], opened: 2, value: 'b' },
    { id: `${run}/a`, machine: 'refund', tags: [], opened: 2, value: 'a' },
  ],
  ...change,
});

/** Writes runs, with two messages for each, and gives them up. */
async function fill(store: Store, ...runs: readonly RunCommit[]): Promise<Store> {
  await store.lease(owner, 60_000);
  for (const outcome of await store.commit(runs)) expect(outcome).toEqual({ status: 'committed' });
  for (const { run } of runs)
    for (const id of ['z', 'a']) await store.enqueue(run, { id, value: `${id} for ${run}` });
  await store.lease(owner, 0);
  return store;
}

/** All that a store has of a run, but for its fence. */
async function contents(store: Store, run: string): Promise<unknown> {
  const [stored] = await store.runs({ run, limit: 1 });
  const { fence: _, ...head } = stored ?? { fence: 0 };
  const history = await store.history(run, { limit: 1e6 });
  return {
    head,
    checkpoints: await Promise.all(history.map(async ({ seq }) => (await store.load(run, seq)).at(-1))),
    rows: await Promise.all(kinds.map(async (kind) => store.rows(run, kind, {}))),
    messages: await store.rows(run, 'inbox', {}),
    questions: await store.questions({ run, limit: 1e6 }),
  };
}

async function expectSame(from: Store, to: Store, ...runs: readonly string[]): Promise<void> {
  for (const run of runs) expect(await contents(to, run)).toEqual(await contents(from, run));
}

const idsIn = async (store: Store): Promise<string[]> =>
  (await store.runs({ limit: 1e6 })).map(({ run }) => run);

const ids = ['r-1', 'Küche ✓/👩‍👩‍👧', "'; DROP TABLE runs; --", 'a'.repeat(500)];
const secret = { key: 'a secret of some length' };

describe('a copy', () => {
  it('from memory to SQLite and back has all that the first store has', async () => {
    const first = await fill(memoryStore(), ...ids.map((id) => creation(id)));
    const file = temporarySqlite();
    const last = memoryStore();
    const report = await migrateStore(first, file);
    expect(report).toEqual({
      runs: ids.length,
      skipped: 0,
      checkpoints: 4 * ids.length,
      rows: 12 * ids.length,
      messages: 2 * ids.length,
      questions: 2 * ids.length,
      bytes: expect.any(Number),
    });
    expect(await migrateStore(file, last)).toEqual(report);
    await expectSame(first, file, ...ids);
    await expectSame(first, last, ...ids);
  });

  it.each<[string, () => Store, () => Store]>([
    ['plain to sealed', () => memoryStore(), () => sealed(memoryStore(), secret)],
    ['sealed to plain', () => sealed(memoryStore(), secret), () => temporarySqlite()],
    [
      'one key to another',
      () => sealed(memoryStore(), secret),
      () => sealed(temporarySqlite(), { key: 'x'.repeat(16) }),
    ],
  ])('from %s has all of it', async (_, makeFrom, makeTo) => {
    const from = await fill(makeFrom(), ...ids.map((id) => creation(id)));
    const to = makeTo();
    await migrateStore(from, to);
    await expectSame(from, to, ...ids);
  });

  it('of an empty store is one', async () => {
    const to = memoryStore();
    expect(await migrateStore(memoryStore(), to)).toMatchObject({ runs: 0, bytes: 0 });
    expect(await idsIn(to)).toEqual([]);
  });

  it('of a run with more than fits into one page or one commit has all of it', async () => {
    const from = memoryStore();
    const long = Array.from({ length: 1300 }, (_, at) => checkpoint(at + 1, at % 250 === 0));
    const put = kinds.flatMap((kind) =>
      Array.from({ length: 450 }, (_, at) => ({ kind, key: `k${at}`, value: 'v'.repeat(at) })),
    );
    const ask = Array.from({ length: 450 }, (_, at) => ({
      id: `r/${at}`,
      machine: 'm',
      tags: [],
      opened: at % 7,
      value: '',
    }));
    await fill(from, creation('r', { checkpoints: long, put, ask }));
    for (let at = 0; at < 450; at++) await from.enqueue('r', { id: `m${at % 2}${at}`, value: '' });
    const to = temporarySqlite();
    expect(await migrateStore(from, to)).toMatchObject({
      checkpoints: 1300,
      rows: 2700,
      messages: 452,
      questions: 450,
    });
    await expectSame(from, to, 'r');
  });

  it('of a run whose history was cut, at a base or in the middle of a slice, has what is left', async () => {
    const from = memoryStore();
    const rows = Array.from({ length: 20 }, (_, at) => checkpoint(at + 1, at % 5 === 0));
    await fill(from, ...['r', 's', 't'].map((run) => creation(run, { checkpoints: rows })));
    await from.lease(owner, 60_000);
    for (const [run, dropFrom] of [
      ['r', 0],
      ['s', 3],
      ['t', 1],
    ] as const) {
      await from.acquire(run, owner);
      const drop = { run, owner, fence: 2, dropFrom, dropBefore: run === 't' ? 3 : 11, release: true };
      expect(await from.commit([drop])).toEqual([{ status: 'committed' }]);
    }
    const to = memoryStore();
    await migrateStore(from, to);
    await expectSame(from, to, 'r', 's', 't');
  });

  it('of thousands of runs has each of them once, and holds few at a time', async () => {
    const runs = Array.from({ length: 2500 }, (_, at) =>
      creation(`r-${at}`, { head: { ...creation('').head!, createdAt: at % 5 }, put: [], ask: [] }),
    );
    const from = await fill(memoryStore(), ...runs);
    let largest = 0;
    const paged = overriding(from, {
      runs: async (scan) => {
        largest = Math.max(largest, scan.limit);
        return from.runs(scan);
      },
    });
    const to = memoryStore();
    expect(await migrateStore(paged, to)).toMatchObject({ runs: 2500, checkpoints: 10_000, messages: 5000 });
    expect(await idsIn(to)).toEqual(await idsIn(from));
    expect(largest).toBeLessThanOrEqual(200);
  });

  it('keeps the fence rising, for what is outside', async () => {
    const from = await fill(memoryStore(), creation('r'));
    await from.lease(owner, 60_000);
    for (let fence = 2; fence <= 9; fence++)
      expect(await from.acquire('r', owner)).toEqual({ status: 'acquired', fence });
    await from.lease(owner, 0);
    const to = memoryStore();
    await migrateStore(from, to);
    await to.lease(owner, 60_000);
    expect(await to.acquire('r', owner)).toEqual({ status: 'acquired', fence: 11 });
  });

  it('leaves the source as it was, and free', async () => {
    const from = await fill(memoryStore(), ...ids.map((id) => creation(id)));
    const before = await Promise.all(ids.map((id) => contents(from, id)));
    const to = memoryStore();
    await migrateStore(from, to);
    expect(await Promise.all(ids.map((id) => contents(from, id)))).toEqual(before);
    for (const store of [from, to]) {
      await store.lease(owner, 60_000);
      for (const id of ids) expect(await store.acquire(id, owner)).toMatchObject({ status: 'acquired' });
    }
  });
});

describe('called again', () => {
  it('skips the runs that are there and equal, and copies those that are not', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const to = temporarySqlite();
    await migrateStore(from, to);
    await fill(from, creation('s'));
    expect(await migrateStore(from, to)).toMatchObject({ runs: 1, skipped: 1, checkpoints: 4 });
    expect(await migrateStore(from, to)).toMatchObject({ runs: 0, skipped: 2, checkpoints: 0, bytes: 0 });
    await expectSame(from, to, 'r', 's');
  });

  it('brings the messages that came since, where nobody has had the copy', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const to = memoryStore();
    await migrateStore(from, to);
    await from.enqueue('r', { id: 'late', value: 'late' });
    expect(await migrateStore(from, to)).toMatchObject({ runs: 0, skipped: 1, messages: 1 });
    await expectSame(from, to, 'r');
  });

  it('brings no message that the copy may have had', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const to = memoryStore();
    await migrateStore(from, to);
    await to.lease(owner, 60_000);
    const { fence } = (await to.acquire('r', owner)) as { fence: number };
    await to.commit([{ run: 'r', owner, fence, take: ['z', 'a'], release: true }]);
    await expect(migrateStore(from, to)).rejects.toThrow(/another run 'r': the message 'z' differs/);
    expect(await to.rows('r', 'inbox', {})).toEqual([]);
  });

  it.each<[string, Partial<RunCommit>, string]>([
    ['went on', { expect: 6, checkpoints: [checkpoint(7, false)] }, 'checkpoint 7'],
    ['lost its history', { dropBefore: 5 }, 'checkpoint 1'],
    ['has another head', { head: { ...creation('').head!, more: '{}' } }, 'its more'],
    ['has another time', { head: { ...creation('r').head!, due: 1 } }, 'its due'],
    ['has other tags', { head: { ...creation('r').head!, tags: ['b'] } }, 'its tags'],
    ['has another row', { put: [{ kind: 'step', key: 'z', value: '' }] }, "kind 'step' with the key 'z'"],
    ['lost a row', { drop: [{ kind: 'event', key: 'event 1' }] }, "kind 'event' with the key 'event 1'"],
    [
      'has other bytes',
      { put: [{ kind: 'blob', key: 'blob 1', value: Uint8Array.of(0, 255, 8) }] },
      "kind 'blob'",
    ],
    ['answered a question', { close: ['r/b'] }, "the question 'r/b'"],
    ['took a message', { take: ['z'] }, "the message 'a'"],
  ])('refuses a run that %s in either store, and names what differs', async (_, change, difference) => {
    for (const changed of ['to', 'from'] as const) {
      const stores = { from: await fill(memoryStore(), creation('r')), to: memoryStore() };
      await migrateStore(stores.from, stores.to);
      const store = stores[changed];
      await store.lease(owner, 60_000);
      const { fence } = (await store.acquire('r', owner)) as { fence: number };
      expect(await store.commit([{ run: 'r', owner, fence, release: true, ...change }])).toEqual([
        { status: 'committed' },
      ]);
      const before = await contents(stores.to, 'r');
      const again = migrateStore(stores.from, stores.to);
      await expect(again).rejects.toBeInstanceOf(RunExistsError);
      await expect(again).rejects.toMatchObject({ run: 'r' });
      if (changed === 'to' && !difference.startsWith('the message'))
        await expect(again).rejects.toThrow(difference);
      expect(await contents(stores.to, 'r')).toEqual(before);
    }
  });

  it('refuses an id whose tombstone stands in the other store', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const to = await fill(memoryStore(), creation('r'));
    await to.lease(owner, 60_000);
    await to.acquire('r', owner);
    await to.commit([{ run: 'r', owner, fence: 2, remove: 60_000 }]);
    await expect(migrateStore(from, to)).rejects.toMatchObject({ code: 'RUN_EXISTS', run: 'r' });
  });
});

describe('a run that somebody holds', () => {
  it('is named, and nothing is lost: what was copied stays, and the rest follows', async () => {
    const from = memoryStore();
    await from.lease('worker', 60_000);
    await fill(from, creation('a'), creation('b'), creation('c'));
    expect(await from.acquire('b', 'worker')).toMatchObject({ status: 'acquired' });
    const to = memoryStore();
    const migrating = migrateStore(from, to);
    await expect(migrating).rejects.toBeInstanceOf(RunLockedError);
    await expect(migrating).rejects.toMatchObject({ run: 'b' });
    expect(await from.commit([{ run: 'b', owner: 'worker', fence: 2, release: true }])).toEqual([
      { status: 'committed' },
    ]);
    const { runs, skipped } = await migrateStore(from, to);
    expect(runs + skipped).toBe(3);
    await expectSame(from, to, 'a', 'b', 'c');
  });
});

describe('a store that changes under it', () => {
  it('has each message copied that comes meanwhile', async () => {
    const from = await fill(memoryStore(), creation('r'));
    let left = 3;
    const busy = overriding(from, {
      rows: async (run, kind, scan) => {
        const rows = await from.rows(run, kind, scan);
        if (kind === 'inbox' && left > 0) await from.enqueue(run, { id: `late ${left}`, value: `${left--}` });
        return rows;
      },
    });
    const to = memoryStore();
    expect(await migrateStore(busy, to)).toMatchObject({ messages: 5 });
    await expectSame(from, to, 'r');
  });

  it('has no copy of a run that is deleted before its turn', async () => {
    const from = await fill(memoryStore(), creation('a'), creation('b'));
    const changing = overriding(from, {
      acquire: async (run, by) => {
        if (run === 'b') {
          await from.lease(owner, 60_000);
          const { fence } = (await from.acquire('b', owner)) as { fence: number };
          await from.commit([{ run: 'b', owner, fence, remove: 60_000 }]);
        }
        return from.acquire(run, by);
      },
    });
    const to = memoryStore();
    expect(await migrateStore(changing, to)).toMatchObject({ runs: 1, skipped: 0 });
    expect(await idsIn(to)).toEqual(['a']);
  });

  it('shows no copy of a run that another took over meanwhile', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const stolen = overriding(from, {
      questions: async (scan) => {
        const questions = await from.questions(scan);
        const [holder] = await from.runs({ run: 'r', limit: 1 });
        if (holder!.fence === 2) {
          // As after a lease that has ended.
          for (const by of owners) await from.lease(by, 0);
          await from.lease('thief', 60_000);
          await from.acquire('r', 'thief');
        }
        return questions;
      },
      lease: (by, ms) => {
        owners.add(by);
        return from.lease(by, ms);
      },
    });
    const owners = new Set<string>();
    const to = memoryStore();
    await expect(migrateStore(stolen, to)).rejects.toBeInstanceOf(FencedError);
    expect(await to.runs({ limit: 9 })).toMatchObject([{ run: 'r', status: 'quarantined' }]);
    await from.lease('thief', 0);
    expect(await migrateStore(from, to)).toMatchObject({ runs: 1 });
    await expectSame(from, to, 'r');
  });
});

describe('a store that does not keep what it is given', () => {
  it.each<[string, (store: Store) => Partial<Store>, string]>([
    [
      'a body',
      (store) => ({
        load: async (run, at) =>
          (await store.load(run, at)).map((row) => ({ ...row, body: row.body.slice(1) })),
      }),
      'checkpoint 1',
    ],
    [
      'a row',
      (store) => ({ rows: async (run, kind, scan) => (kind === 'step' ? [] : store.rows(run, kind, scan)) }),
      "the row of kind 'step' with the key 'step 1'",
    ],
    ['messages', () => ({ enqueue: async () => ({ status: 'queued' }) }), "the message 'z'"],
    ['questions', () => ({ questions: async () => [] }), "the question 'r/a'"],
    [
      'a version',
      (store) => ({
        runs: async (scan) => (await store.runs(scan)).map((run) => ({ ...run, version: undefined })),
      }),
      'its version',
    ],
  ])('is found out where it loses %s, and the copy stays in quarantine', async (_, faults, difference) => {
    const from = await fill(memoryStore(), creation('r'));
    const to = memoryStore();
    const migrating = migrateStore(from, overriding(to, faults(to)));
    await expect(migrating).rejects.toBeInstanceOf(StoreError);
    await expect(migrating).rejects.toThrow(`The copy of run 'r' is not what was written: ${difference}`);
    expect(await to.runs({ limit: 9 })).toMatchObject([{ run: 'r', status: 'quarantined' }]);
    expect(await to.questions({ limit: 9 })).toEqual([]);
    expect(await migrateStore(from, to)).toMatchObject({ runs: 1 });
    await expectSame(from, to, 'r');
  });

  it('is tried again where it fails for now', async () => {
    const from = await fill(memoryStore(), creation('r'), creation('s'));
    const to = memoryStore();
    let failures = 5;
    const full = overriding(to, {
      commit: async (batch) =>
        failures-- > 0
          ? batch.map(() => ({
              status: 'failed',
              error: new StoreError('The disk is full.', 'failed'),
              retry: true,
            }))
          : to.commit(batch),
    });
    await migrateStore(from, full);
    await expectSame(from, to, 'r', 's');
  });
});

describe('progress', () => {
  it('is told now and then, and at the end', async () => {
    const from = await fill(memoryStore(), ...Array.from({ length: 300 }, (_, at) => creation(`r-${at}`)));
    const reports: MigrationReport[] = [];
    const report = await migrateStore(from, memoryStore(), {
      onProgress: (sofar) => void reports.push(sofar),
    });
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)).toEqual(report);
    expect(reports.map(({ runs }) => runs)).toEqual(
      reports.map(({ runs }) => runs).toSorted((a, b) => a - b),
    );
  });

  it('is one line on a terminal, drawn again and again', async () => {
    const from = await fill(memoryStore(), ...Array.from({ length: 300 }, (_, at) => creation(`r-${at}`)));
    const write = vi.fn();
    await migrateStore(from, memoryStore(), { progress: { isTTY: true, write } });
    const texts = write.mock.calls.map(([text]) => text as string);
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.pop()).toBe('\n');
    for (const text of texts) {
      expect(text).toMatch(/^\r\d+ runs copied/);
      expect(text.endsWith('\u001b[K')).toBe(true);
      expect(text.length).toBeLessThan(80);
    }
    expect(texts.at(-1)).toContain('\r300 runs copied, 1200 checkpoints');
  });

  it('is the last line alone where nobody looks', async () => {
    const from = await fill(memoryStore(), creation('r'));
    const write = vi.fn();
    await migrateStore(from, memoryStore(), { progress: { write } });
    expect(write.mock.calls).toEqual([['1 runs copied, 4 checkpoints, 0.0 MB'], ['\n']]);
    // Node's own fits.
    const fits: Parameters<typeof migrateStore>[2] = { progress: process.stderr };
    expect(fits).toBeDefined();
  });
});

it('what is no store, or the same one, is refused', async () => {
  const store = memoryStore();
  for (const call of [
    migrateStore(store, store),
    migrateStore(store, undefined as unknown as Store),
    migrateStore('runs.db' as unknown as Store, store),
  ])
    await expect(call).rejects.toBeInstanceOf(InvalidArgumentError);
});
