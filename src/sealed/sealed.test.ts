import { describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { overriding, slowStore } from '../../test/support/staged-store.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { RunCommit, Store } from '../store.ts';
import { sealed } from './sealed.ts';

const key = 'a secret of some length';
const owner = 'owner';

const creation = (run: string, body = 'body'): RunCommit => ({
  run,
  owner,
  fence: 1,
  create: true,
  expect: 0,
  head: { machine: 'm', status: 'idle', createdAt: 1, tags: [], more: '{}' },
  checkpoints: [{ seq: 1, base: true, time: 1, header: 'header', body }],
});

it.each<[string, unknown]>([
  ['a text of 15 bytes', 'fifteen letters'],
  ['15 bytes', new Uint8Array(15)],
  ['nothing', undefined],
  ['a number', 1234567890123456],
])('%s is no key, and that is said at once', (_, secret) => {
  expect(() => sealed(memoryStore(), { key: secret as string })).toThrow(InvalidArgumentError);
  expect(() => sealed(memoryStore(), { key, keys: [secret as string] })).toThrow(/'keys\[0\]'/);
});

it('options that make no sense are refused at once', () => {
  expect(() => sealed(memoryStore(), undefined as unknown as { key: string })).toThrow(InvalidArgumentError);
  expect(() => sealed(memoryStore(), { key, keys: key as unknown as string[] })).toThrow(/'keys' is a list/);
});

it('what is no store is refused at once', () => {
  expect(() => sealed('runs.db' as unknown as Store, { key })).toThrow(/sealed\(\) needs a store/);
});

it('what a store can do and cannot, and whom it wakes, is as before', () => {
  const inner = memoryStore();
  const store = sealed(inner, { key });
  expect(store.capabilities).toBe(inner.capabilities);
  expect('listen' in store).toBe(false);
  const listen = vi.fn(() => () => {});
  const telling = sealed(overriding(inner, { listen }), { key });
  const wake = (): void => {};
  void telling.listen?.(wake);
  expect(listen).toHaveBeenCalledWith(wake);
  expect('capabilities' in telling).toBe(false);
});

it('a store that was never used is closed without any ado', async () => {
  const store = sealed(memoryStore(), { key });
  await store.close();
  await expect(store.runs({ limit: 1 })).rejects.toMatchObject({ code: 'STORE' });
});

describe('the order of calls', () => {
  it('is kept, though a large commit takes longer to seal than what comes behind it', async () => {
    const inner = memoryStore();
    const store = sealed(inner, { key });
    await store.lease(owner, 60_000);
    const large = store.commit([creation('r', 'x'.repeat(8_000_000))]);
    const message = store.enqueue('r', { id: 'm', value: '' });
    const release = store.commit([{ run: 'r', owner, fence: 1, release: true }]);
    const given = store.lease(owner, 0);
    const closed = store.close();
    expect(await large).toEqual([{ status: 'committed' }]);
    expect(await message).toEqual({ status: 'queued' });
    expect(await release).toEqual([{ status: 'committed' }]);
    await given;
    await closed;
  });

  it('is kept by calls that are made before it is loaded', async () => {
    const store = sealed(memoryStore(), { key });
    const calls = [
      store.lease(owner, 60_000),
      store.commit([creation('r')]),
      store.lease(owner, 0),
      store.commit([creation('s')]),
    ];
    expect(await Promise.all(calls.map(async (call) => call))).toMatchObject([
      undefined,
      [{ status: 'committed' }],
      undefined,
      [{ status: 'fenced' }],
    ]);
  });

  it('is kept behind a call that could not be sealed', async () => {
    const store = sealed(memoryStore(), { key });
    await store.lease(owner, 60_000);
    const large = store.commit([creation('r', 'x'.repeat(8_000_000))]);
    const unfit = store.enqueue('r', { id: 'm', value: Symbol('no text') as unknown as string });
    const given = store.lease(owner, 0);
    await expect(unfit).rejects.toThrow();
    await given;
    expect(await large).toEqual([{ status: 'committed' }]);
  });

  it('does not wait for answers: one commit that the store is slow to answer holds no other up', async () => {
    const inner = slowStore(memoryStore());
    const store = sealed(inner, { key });
    await store.lease(owner, 60_000);
    const commits = [store.commit([creation('r')]), store.commit([creation('s')])];
    await vi.waitFor(() => expect(inner.waiting).toBe(2));
    await inner.letAll();
    expect(await Promise.all(commits.map(async (commit) => commit))).toEqual([
      [{ status: 'committed' }],
      [{ status: 'committed' }],
    ]);
  });
});

it('a commit that cannot be sealed fails alone, and the others of its batch are written', async () => {
  const store = sealed(memoryStore(), { key });
  await store.lease(owner, 60_000);
  const unfit = creation('b', Symbol('no text') as unknown as string);
  const outcomes = await store.commit([creation('a'), unfit, creation('c')]);
  expect(outcomes).toMatchObject([
    { status: 'committed' },
    { status: 'failed', retry: false, error: { code: 'STORE', message: expect.stringContaining("run 'b'") } },
    { status: 'committed' },
  ]);
  expect((await store.runs({ limit: 9 })).map(({ run }) => run)).toEqual(['a', 'c']);
});

it('what the store inside cannot read keeps the name that it gave it', async () => {
  const inner = memoryStore();
  const store = sealed(inner, { key });
  await store.lease(owner, 60_000);
  await store.commit([
    { ...creation('r'), ask: [{ id: 'r/q', machine: 'm', tags: [], opened: 1, value: 'q' }] },
  ]);
  const damage = new Error('A page is missing.');
  const broken = overriding(inner, {
    runs: async (scan) => (await inner.runs(scan)).map((run) => ({ ...run, more: '', damage })),
    questions: async (scan) => (await inner.questions(scan)).map((one) => ({ ...one, value: '', damage })),
    history: async (run, scan) =>
      (await inner.history(run, scan)).map((row) => ({ ...row, header: '', damage })),
  });
  const again = sealed(broken, { key });
  expect((await again.runs({ limit: 1 }))[0]?.damage).toBe(damage);
  expect((await again.questions({ limit: 1 }))[0]?.damage).toBe(damage);
  expect((await again.history('r', { limit: 1 }))[0]?.damage).toBe(damage);
});

it('what is known already is told, be it a message or a row', async () => {
  const store = sealed(memoryStore(), { key });
  await store.lease(owner, 60_000);
  await store.commit([{ ...creation('r'), put: [{ kind: 'event', key: 'e', value: 'receipt' }] }]);
  const unless = { kind: 'event', key: 'e' } as const;
  expect(await store.enqueue('r', { id: 'm', value: '1' })).toEqual({ status: 'queued' });
  expect(await store.enqueue('r', { id: 'm', value: '2' }, unless)).toEqual({ status: 'known', value: '1' });
  expect(await store.enqueue('r', { id: 'n', value: '2' }, unless)).toEqual({
    status: 'known',
    value: 'receipt',
  });
});
