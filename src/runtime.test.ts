import { createRuntime, durable } from 'savepoint';
import type { ListQuery, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { assign, createMachine, setup, SimulatedClock } from 'xstate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { counter } from '../test/support/counter.ts';
import {
  asynchronous,
  losesReply,
  mortalStore,
  nextJob,
  overriding,
  stagedStore,
} from '../test/support/staged-store.ts';
import { stores } from '../test/support/stores.ts';
import { typed } from '../test/support/typed.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [counter], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

const idsOf = async (runtime: Runtime, query?: ListQuery): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of runtime.list(query)) ids.push(id);
  return ids;
};

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code ?? error,
  );

it('does nothing before its first call', () => {
  const asked: string[] = [];
  const store = new Proxy(memoryStore(), {
    get: (target, name) => {
      if (name !== 'commit') asked.push(String(name));
      return Reflect.get(target, name) as unknown;
    },
  });
  createRuntime({ store, machines: [counter] });
  expect(asked).toEqual([]);
});

describe.each(stores)('a runtime on %s', (_, makeStore) => {
  describe('start', () => {
    it('resolves when the first checkpoint, seq 1, is in the store', async () => {
      const store = makeStore();
      const run = await runtimeOn(store).start(counter, { id: 'order-1', input: { from: 5 } });
      expect(run.seq).toBe(1);
      expect(run.getSnapshot().context).toEqual({ count: 5 });
      expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ seq: 1, status: 'idle' }]);
    });

    it('gives a run without an id a random one', async () => {
      const runtime = runtimeOn(makeStore());
      const [one, other] = [await runtime.start(counter), await runtime.start(counter)];
      expect(one.id).not.toBe(other.id);
      expect(await runtime.open(counter, one.id)).toBe(one);
    });

    it('refuses an id that is open here, that is released, and that another runtime has', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const other = runtimeOn(store);
      const run = await runtime.start(counter, { id: 'order-1' });
      expect(await codeOf(runtime.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
      expect(await codeOf(other.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
      await run.send({ type: 'add' });
      await run.release();
      expect(await codeOf(runtime.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
      expect(await codeOf(other.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
      expect((await other.open(counter, 'order-1')).getSnapshot().context.count).toBe(1);
    });

    it('refuses the id of a deleted run until its tombstone is gone', async () => {
      const runtime = runtimeOn(makeStore());
      await runtime.start(counter, { id: 'order-1' });
      await runtime.delete('order-1');
      expect(await codeOf(runtime.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
    });

    it('takes the id of a deleted run again where tombstones are not kept', async () => {
      const runtime = runtimeOn(makeStore(), { retention: { tombstones: 0 } });
      await (await runtime.start(counter, { id: 'order-1' })).send({ type: 'add' });
      await runtime.delete('order-1');
      const run = await runtime.start(counter, { id: 'order-1' });
      expect([run.seq, run.getSnapshot().context.count]).toEqual([1, 0]);
    });

    it('lets one of two starts of an id at once win, in one runtime and in two', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const other = runtimeOn(store);
      const start = (on: Runtime, id: string) => codeOf(on.start(counter, { id }));
      expect((await Promise.all([start(runtime, 'a'), start(runtime, 'a')])).toSorted()).toEqual([
        'RUN_EXISTS',
        'resolved',
      ]);
      expect((await Promise.all([start(runtime, 'b'), start(other, 'b')])).toSorted()).toEqual([
        'RUN_EXISTS',
        'resolved',
      ]);
    });

    it('leaves nothing behind where the first state cannot be stored', async () => {
      const runtime = runtimeOn(makeStore());
      let acted = 0;
      const broken = createMachine({
        id: 'broken',
        context: { callback: () => {} },
        entry: () => void acted++,
      });
      await expect(runtime.start(broken, { id: 'order-1' })).rejects.toMatchObject({
        code: 'NOT_SERIALIZABLE',
        actor: '',
        path: 'context.callback',
      });
      expect(acted).toBe(0);
      expect(await codeOf(runtime.get('order-1'))).toBe('RUN_NOT_FOUND');
      expect((await runtime.start(counter, { id: 'order-1' })).seq).toBe(1);
    });
  });

  describe('open', () => {
    it('gives the same run twice, one after the other and at once', async () => {
      const runtime = runtimeOn(makeStore());
      const run = await runtime.start(counter, { id: 'order-1' });
      expect(await runtime.open('order-1')).toBe(run);
      await run.release();
      const [one, other, third] = await Promise.all([
        runtime.open('order-1'),
        runtime.open(counter, 'order-1'),
        runtime.ensure(counter, { id: 'order-1' }),
      ]);
      expect(one).not.toBe(run);
      expect(other).toBe(one);
      expect(third).toBe(one);
    });

    it('gives the run that is being started', async () => {
      const runtime = runtimeOn(makeStore());
      const starting = runtime.start(counter, { id: 'order-1' });
      expect(await runtime.open('order-1')).toBe(await starting);
    });

    it('opens a run that exists while a start with its id is being refused', async () => {
      const runtime = runtimeOn(makeStore());
      await (await runtime.start(counter, { id: 'order-1' })).release();
      const starting = codeOf(runtime.start(counter, { id: 'order-1' }));
      const opening = runtime.open('order-1');
      expect(await starting).toBe('RUN_EXISTS');
      expect((await opening).seq).toBe(1);
    });

    it('opens a run anew that is being released', async () => {
      const runtime = runtimeOn(makeStore());
      const run = await runtime.start(counter, { id: 'order-1' });
      const released = run.release();
      const again = await runtime.open(counter, 'order-1');
      await released;
      expect(await again.send({ type: 'add' })).toMatchObject({ accepted: true, seq: 2 });
    });

    it('does not find a run that never was, nor one that was deleted', async () => {
      const runtime = runtimeOn(makeStore());
      await runtime.start(counter, { id: 'deleted' });
      await runtime.delete('deleted');
      for (const id of ['never', 'deleted']) {
        await expect(runtime.open(id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', run: id });
        await expect(runtime.open(counter, id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', run: id });
        await expect(runtime.get(id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', run: id });
        await expect(runtime.delete(id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', run: id });
      }
    });

    it('names the holder of a run that another runtime has, and until when', async () => {
      const store = makeStore();
      const before = Date.now();
      await runtimeOn(store, { limits: { lease: 5000 } }).start(counter, { id: 'order-1' });
      const error = await runtimeOn(store)
        .open('order-1')
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'RUN_LOCKED',
        run: 'order-1',
        holder: expect.stringMatching(/\w/),
        until: expect.any(Date),
      });
      const { until } = error as { until: Date };
      expect(until.getTime()).toBeGreaterThanOrEqual(before + 4990);
      expect(until.getTime()).toBeLessThanOrEqual(Date.now() + 5010);
    });

    it('waits for a run that another runtime has, as long as it is told', async () => {
      const store = makeStore();
      const held = await runtimeOn(store).start(counter, { id: 'order-1' });
      const other = runtimeOn(store);
      expect(await codeOf(other.open('order-1', { wait: 60 }))).toBe('RUN_LOCKED');
      const opening = other.open(counter, 'order-1', { wait: 10_000 });
      await held.send({ type: 'add' });
      await held.release();
      expect((await opening).getSnapshot().context.count).toBe(1);
    });

    it('names the machine that is not registered, and those that are', async () => {
      const store = makeStore();
      await (await runtimeOn(store).start(counter, { id: 'order-1' })).release();
      const runtime = runtimeOn(store, { machines: [createMachine({ id: 'other' })] });
      await expect(runtime.open('order-1')).rejects.toMatchObject({
        code: 'MACHINE_NOT_REGISTERED',
        run: 'order-1',
        machine: 'counter',
        registered: ['other'],
      });
      expect((await runtime.open(counter, 'order-1')).seq).toBe(1);
    });

    it('refuses to open a run with another machine', async () => {
      const runtime = runtimeOn(makeStore());
      await (await runtime.start(counter, { id: 'order-1' })).release();
      expect(await codeOf(runtime.open(createMachine({ id: 'other' }), 'order-1'))).toBe(
        'INCOMPATIBLE_MACHINE',
      );
      expect((await runtime.open('order-1')).seq).toBe(1);
    });
  });

  describe('ensure', () => {
    it('starts a run that does not exist, and opens one that does', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const run = await runtime.ensure(counter, { id: 'order-1', input: { from: 3 } });
      await run.send({ type: 'add' });
      await run.release();
      const again = await runtimeOn(store).ensure(counter, { id: 'order-1', input: { from: 100 } });
      expect(again.getSnapshot().context.count).toBe(4);
    });

    it('starts a run once where two ask for it at once, in one runtime and in two', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const other = runtimeOn(store);
      const [one, same] = await Promise.all([
        runtime.ensure(counter, { id: 'a' }),
        runtime.ensure(counter, { id: 'a' }),
      ]);
      expect(same).toBe(one);
      const both = await Promise.all([
        codeOf(runtime.ensure(counter, { id: 'b' })),
        codeOf(other.ensure(counter, { id: 'b' })),
      ]);
      expect(both.toSorted()).toEqual(['RUN_LOCKED', 'resolved']);
      expect(await idsOf(runtime)).toEqual(['a', 'b']);
    });

    it('waits for a run that another runtime has just started', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const other = runtimeOn(store);
      const first = runtime.ensure(counter, { id: 'order-1' }).then((run) => run.release());
      const [, run] = await Promise.all([first, other.ensure(counter, { id: 'order-1', wait: 5000 })]);
      expect(run.seq).toBe(1);
    });

    it('says of a deleted run that its id is taken', async () => {
      const runtime = runtimeOn(makeStore());
      await runtime.start(counter, { id: 'order-1' });
      await runtime.delete('order-1');
      expect(await codeOf(runtime.ensure(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
    });

    it('is durable() in one call', async () => {
      const store = makeStore();
      const logger = () => {};
      const first = await durable(counter, { store, id: 'order-1', input: { from: 1 }, logger });
      await first.send({ type: 'add' });
      await first.release();
      const second = await durable(counter, { store, id: 'order-1', input: { from: 1 }, wait: 100, logger });
      expect(second.getSnapshot().context.count).toBe(2);
      await second.release();
    });
  });

  describe('get and list', () => {
    it('tells of a run without loading its actor', async () => {
      const store = makeStore();
      const before = Date.now();
      const run = await runtimeOn(store).start(counter, {
        id: 'order-1',
        tags: ['vip', 'new'],
        metadata: { shop: 'Nordlicht', total: 9.5 },
      });
      await run.send({ type: 'sleep' });
      const info = await runtimeOn(store).get('order-1');
      expect(info).toMatchObject({
        id: 'order-1',
        machine: 'counter',
        version: undefined,
        status: 'sleeping',
        seq: 2,
        tags: ['vip', 'new'],
        metadata: { shop: 'Nordlicht', total: 9.5 },
        error: undefined,
      });
      expect(info.createdAt).toBeGreaterThanOrEqual(before);
      expect(info.updatedAt).toBeGreaterThanOrEqual(info.createdAt);
      expect(info.due! - info.updatedAt).toBeGreaterThan(3_599_000);
    });

    it('keeps tags and metadata over turns and openings', async () => {
      const runtime = runtimeOn(makeStore());
      const given = { tags: ['vip'], metadata: { shop: 'Nordlicht' } };
      const run = await runtime.start(counter, { id: 'order-1', ...given });
      await run.send({ type: 'ask' });
      await run.release();
      const again = await runtime.open(counter, 'order-1');
      await again.send({ type: 'back' });
      await again.send({ type: 'finish' });
      await again.done();
      expect(await runtime.get('order-1')).toMatchObject({ status: 'done', ...given });
    });

    it('finds runs by status, machine, tag, metadata and time, all at once', async () => {
      const clock = { ...systemTimers, now: () => time };
      let time = 1000;
      const runtime = runtimeOn(makeStore(), { clock });
      const other = createMachine({ id: 'other' });
      const idle = await runtime.start(counter, {
        id: 'idle',
        tags: ['vip', 'old'],
        metadata: { shop: 'Nordlicht', open: true },
      });
      time = 2000;
      await (
        await runtime.start(counter, { id: 'asks', tags: ['vip'], metadata: { shop: 'Nordlicht' } })
      ).send({ type: 'ask' });
      time = 3000;
      await (
        await runtime.start(counter, { id: 'done', metadata: { shop: 'Morgenrot' } })
      ).send({ type: 'finish' });
      time = 4000;
      await runtime.start(other, { id: 'other', tags: ['vip'] });
      expect(idle.status).toBe('idle');
      const table: [ListQuery, string[]][] = [
        [{}, ['idle', 'asks', 'done', 'other']],
        [{ order: 'desc' }, ['other', 'done', 'asks', 'idle']],
        [{ status: 'idle' }, ['idle', 'other']],
        [{ status: ['waitingForInput', 'done'] }, ['asks', 'done']],
        [{ status: 'failed' }, []],
        [{ machine: 'counter' }, ['idle', 'asks', 'done']],
        [{ machine: 'none' }, []],
        [{ tag: 'vip' }, ['idle', 'asks', 'other']],
        [{ tag: 'VIP' }, []],
        [{ metadata: { shop: 'Nordlicht' } }, ['idle', 'asks']],
        [{ metadata: { shop: 'Nordlicht', open: true } }, ['idle']],
        [{ metadata: { shop: 'Nordlicht', open: false } }, []],
        [{ createdFrom: 2000 }, ['asks', 'done', 'other']],
        [{ createdTo: 3000 }, ['idle', 'asks']],
        [{ createdFrom: new Date(2000), createdTo: new Date(4000) }, ['asks', 'done']],
        [{ after: 'asks' }, ['done', 'other']],
        [{ after: 'done', order: 'desc' }, ['asks', 'idle']],
        [{ after: 'other' }, []],
        [{ limit: 2 }, ['idle', 'asks']],
        [{ limit: 0 }, []],
        [{ tag: 'vip', status: 'idle', machine: 'counter', metadata: { open: true }, limit: 5 }, ['idle']],
      ];
      for (const [query, ids] of table)
        expect(await idsOf(runtime, query), JSON.stringify(query)).toEqual(ids);
    });

    it('says that the run to continue behind is not there', async () => {
      const runtime = runtimeOn(makeStore());
      expect(await codeOf(idsOf(runtime, { after: 'never' }))).toBe('RUN_NOT_FOUND');
    });

    it('lists each of 500 runs once, in order, while others are started', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store, {
        clock: { ...systemTimers, now: () => Math.floor(Math.random() * 50) },
      });
      const machine = createMachine({ id: 'small' });
      const ids = Array.from({ length: 500 }, (_, n) => `order-${n}`);
      await Promise.all(ids.map((id, n) => runtime.start(machine, { id, metadata: { even: n % 2 === 0 } })));
      const listed: { id: string; createdAt: number }[] = [];
      for await (const info of runtime.list()) {
        if (listed.length === 0) await runtime.start(machine, { id: 'late', metadata: { even: true } });
        listed.push(info);
      }
      const old = listed.filter(({ id }) => id !== 'late');
      expect(old.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
      const ordered = old.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
      expect(old).toEqual(ordered);
      expect((await idsOf(runtime, { order: 'desc' })).filter((id) => id !== 'late')).toEqual(
        ordered.map(({ id }) => id).reverse(),
      );
      await runtime.delete('late');
      expect(await idsOf(runtime, { metadata: { even: false } })).toHaveLength(250);
      expect(await idsOf(runtime, { metadata: { even: false }, limit: 249 })).toHaveLength(249);
    });
  });

  describe('delete', () => {
    it('deletes an open run: its waiters are told, and nothing is left to be found', async () => {
      const runtime = runtimeOn(makeStore());
      const run = await runtime.start(counter, { id: 'order-1', tags: ['vip'] });
      const waiting = Promise.all([codeOf(run.done()), codeOf(run.settled().then(() => run.done()))]);
      await runtime.delete('order-1');
      expect(await waiting).toEqual(['RUN_CLOSED', 'RUN_CLOSED']);
      await expect(run.send({ type: 'add' })).rejects.toMatchObject({
        code: 'RUN_CLOSED',
        message: expect.stringContaining('was deleted'),
      });
      expect(await idsOf(runtime)).toEqual([]);
      expect(await codeOf(runtime.checkpoint('order-1', 1))).toBe('CHECKPOINT_NOT_FOUND');
    });

    it('deletes a released run, one at its end, and one that is being started', async () => {
      const runtime = runtimeOn(makeStore());
      await (await runtime.start(counter, { id: 'released' })).release();
      const ended = await runtime.start(counter, { id: 'ended' });
      await ended.send({ type: 'finish' });
      await ended.done();
      const starting = runtime.start(counter, { id: 'starting' });
      await Promise.all(['released', 'ended', 'starting'].map((id) => runtime.delete(id)));
      await starting;
      expect(await idsOf(runtime)).toEqual([]);
    });

    it('does not delete a run that another runtime has', async () => {
      const store = makeStore();
      const run = await runtimeOn(store).start(counter, { id: 'order-1' });
      expect(await codeOf(runtimeOn(store).delete('order-1'))).toBe('RUN_LOCKED');
      expect(await run.send({ type: 'add' })).toMatchObject({ accepted: true, seq: 2 });
    });
  });

  describe('close', () => {
    it('releases all runs, frees them for others, and takes no new ones', async () => {
      const store = makeStore();
      const runtime = runtimeOn(store);
      const runs = await Promise.all(['a', 'b', 'c'].map((id) => runtime.start(counter, { id })));
      const starting = runtime.start(counter, { id: 'd' });
      await runtime.close();
      expect((await starting).id).toBe('d');
      for (const run of runs) expect(await codeOf(run.send({ type: 'add' }))).toBe('RUN_CLOSED');
      expect(await codeOf(runtime.start(counter))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(runtime.open('a'))).toBe('INVALID_ARGUMENT');
      const other = runtimeOn(store);
      for (const id of ['a', 'b', 'c', 'd']) expect((await other.open(id)).seq).toBe(1);
    });

    it('leaves the store open', async () => {
      const runtime = runtimeOn(makeStore());
      await runtime.start(counter, { id: 'order-1' });
      await runtime.close();
      expect(await idsOf(runtime)).toEqual(['order-1']);
    });
  });

  it('lets another in once the lease of a runtime that died has ended', async () => {
    const store = makeStore();
    const mortal = mortalStore(store);
    const dying = createRuntime({ store: mortal, limits: { lease: 200 } });
    const run = await dying.start(counter, { id: 'order-1' });
    await run.send({ type: 'add' });
    mortal.die();
    const other = runtimeOn(store);
    expect(await codeOf(other.open('order-1'))).toBe('RUN_LOCKED');
    expect((await other.open(counter, 'order-1', { wait: 2000 })).getSnapshot().context.count).toBe(1);
  });

  it('keeps a run for as long as it lives, over many leases', async () => {
    const store = makeStore();
    const run = await runtimeOn(store, { limits: { lease: 120 } }).start(counter, { id: 'order-1' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await codeOf(runtimeOn(store).open('order-1'))).toBe('RUN_LOCKED');
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
  });
});

const systemTimers = { setTimeout, clearTimeout };

describe('close', () => {
  it('resolves when the runs are released, also where it is called twice', async () => {
    const store = memoryStore();
    const runtime = createRuntime({ store: asynchronous(store, () => 20), machines: [counter] });
    await runtime.start(counter, { id: 'order-1' });
    const first = runtime.close();
    await runtime.close();
    expect((await runtimeOn(store).open('order-1')).seq).toBe(1);
    await first;
  });

  it('ends what is under way, and asks the store nothing any more', async () => {
    const behind = memoryStore();
    const ids = ['a', 'b', 'c', 'd'];
    const before = createRuntime({ store: behind, machines: [counter] });
    for (const id of ids) await (await before.start(counter, { id })).release();
    // It knows no machine, and leaves what it is told in the inbox.
    const outside = createRuntime({ store: behind });
    for (const id of ids) await outside.send(id, { type: 'add' });
    let asked = 0;
    const store = asynchronous(behind, () => {
      asked++;
      return 10;
    });
    const runtime = createRuntime({ store, machines: [counter], limits: { poll: 5 } });
    await runtime.start(counter, { id: 'held' });
    const recovering = runtime.recover({ concurrency: 1 });
    await later(60);
    await runtime.close();
    const then = asked;
    expect(await recovering).toMatchObject({ quarantined: [], failed: [] });
    await later(80);
    expect(asked).toBe(then);
    // Nothing of it is lost.
    const next = runtimeOn(behind);
    await next.recover();
    for (const id of ids) expect((await next.open(id)).getSnapshot().context).toMatchObject({ count: 1 });
  });

  it('releases the others where one cannot be released, and then says so', async () => {
    const behind = memoryStore();
    let broken = false;
    const store = overriding(behind, {
      commit: (batch) =>
        batch.flatMap((commit) =>
          broken && commit.run === 'bad'
            ? [{ status: 'fenced' as const }]
            : (behind.commit([commit]) as never),
        ),
    });
    const runtime = createRuntime({ store, machines: [counter] });
    await runtime.start(counter, { id: 'bad' });
    await runtime.start(counter, { id: 'good' });
    broken = true;
    expect(await codeOf(runtime.close())).toBe('FENCED');
    expect((await runtimeOn(behind).open('good')).seq).toBe(1);
  });
});

describe('delete', () => {
  it('may be called twice at once', async () => {
    const runtime = runtimeOn(memoryStore());
    await runtime.start(counter, { id: 'order-1' });
    const results = await Promise.all([codeOf(runtime.delete('order-1')), codeOf(runtime.delete('order-1'))]);
    expect(results).toContain('resolved');
    expect(['resolved', 'RUN_NOT_FOUND']).toEqual(expect.arrayContaining(results));
  });

  // The first answer is late: what was asked for after it is answered before it.
  const lateAcquire = (behind: Store): Store => {
    let first = true;
    return overriding(asynchronous(behind), {
      acquire: async (run, owner) => {
        const acquired = await behind.acquire(run, owner);
        if (first) {
          first = false;
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        return acquired;
      },
    });
  };

  it('deletes a run that is asked to be opened meanwhile', async () => {
    const behind = memoryStore();
    await (await createRuntime({ store: behind }).start(counter, { id: 'order-1' })).release();
    const runtime = runtimeOn(lateAcquire(behind));
    const deleting = codeOf(runtime.delete('order-1'));
    await nextJob();
    const opening = codeOf(runtime.open('order-1'));
    expect([await deleting, await opening]).toEqual(['resolved', 'RUN_NOT_FOUND']);
  });

  it('deletes a run that is being opened, which is then told so', async () => {
    const behind = memoryStore();
    await (await createRuntime({ store: behind }).start(counter, { id: 'order-1' })).release();
    const runtime = runtimeOn(lateAcquire(behind));
    const opening = runtime.open('order-1');
    await nextJob();
    await runtime.delete('order-1');
    await expect((await opening).send({ type: 'add' })).rejects.toThrow('was deleted');
  });

  it('does not say that a run is deleted which the store kept', async () => {
    const behind = memoryStore();
    const store = overriding(behind, {
      commit: (batch) => (batch[0]?.remove === undefined ? behind.commit(batch) : [{ status: 'fenced' }]),
    });
    const runtime = runtimeOn(store);
    await runtime.start(counter, { id: 'order-1' });
    expect(await codeOf(runtime.delete('order-1'))).toBe('FENCED');
  });
});

it('has the id of a run before its machine does anything, which may start others', async () => {
  const runtime = runtimeOn(memoryStore());
  await runtime.start(counter, { id: 'first' });
  const inside: Promise<unknown>[] = [];
  const machine = createMachine({
    id: 'busy',
    context: () => {
      inside.push(
        codeOf(runtime.start(counter, { id: 'other' })),
        codeOf(runtime.start(counter, { id: 'busy-1' })),
      );
      return {};
    },
  });
  expect((await runtime.start(machine, { id: 'busy-1' })).id).toBe('busy-1');
  expect(await Promise.all(inside)).toEqual(['resolved', 'RUN_EXISTS']);
});

describe('a start whose reply is lost', () => {
  it('has started the run', async () => {
    const store = stagedStore(memoryStore());
    store.next(losesReply);
    const run = await runtimeOn(store).start(counter, { id: 'order-1' });
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
  });

  it('is refused where the id was taken by another runtime', async () => {
    const behind = memoryStore();
    await runtimeOn(behind).start(counter, { id: 'order-1' });
    const store = stagedStore(behind);
    store.next(losesReply);
    expect(await codeOf(runtimeOn(store).start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
  });

  it('is refused where the id was taken by an earlier start of the same runtime', async () => {
    const store = stagedStore(memoryStore());
    const runtime = runtimeOn(store);
    await (await runtime.start(counter, { id: 'order-1' })).release();
    store.next(losesReply);
    expect(await codeOf(runtime.start(counter, { id: 'order-1' }))).toBe('RUN_EXISTS');
  });
});

it('a run can be started while somebody looks for it in vain', async () => {
  const runtime = runtimeOn(asynchronous(memoryStore()));
  const send = (): Promise<unknown> => codeOf(runtime.send('r', { type: 'add' }));
  expect(await send()).toBe('RUN_NOT_FOUND');
  const sent = send();
  await nextJob();
  const run = await runtime.start(counter, { id: 'r' });
  expect(await run.send({ type: 'add' })).toMatchObject({ accepted: true });
  await sent;
});

it('a run is waited for, and opened with the machine that was given, whatever kept another from it', async () => {
  const behind = memoryStore();
  const run = await runtimeOn(behind).start(counter, { id: 'r' });
  const runtime = runtimeOn(asynchronous(behind), { machines: [] });
  const impatient = codeOf(runtime.open(counter, 'r'));
  const strange = codeOf(runtime.open('r', { wait: 5000 }));
  const opening = runtime.open(counter, 'r', { wait: 5000 });
  expect(await impatient).toBe('RUN_LOCKED');
  await run.release();
  expect(await strange).toBe('MACHINE_NOT_REGISTERED');
  expect(await (await opening).send({ type: 'add' })).toMatchObject({ accepted: true });
});

/** A runtime that tells how often it asked for a run. */
function waitingOn(store: Store) {
  let asked = 0;
  const acquire: Store['acquire'] = (run, owner) => {
    asked++;
    return store.acquire(run, owner);
  };
  const runtime = runtimeOn(overriding(store, { acquire }), { clock: new SimulatedClock() });
  return { runtime, asked: () => asked };
}

it('a run that comes to its end while it is waited for is held by nobody', async () => {
  const store = memoryStore();
  const ending = setup({ types: typed<{ events: { type: 'end' } }>() }).createMachine({
    id: 'ending',
    initial: 'open',
    states: { open: { on: { end: 'over' } }, over: { type: 'final' } },
  });
  const run = await runtimeOn(store).start(ending, { id: 'r' });
  const waiting = waitingOn(store);
  const opening = waiting.runtime.open(ending, 'r', { wait: 5000 });
  await expect.poll(() => waiting.asked()).toBeGreaterThan(0);
  await run.send({ type: 'end' });
  expect(await (await opening).done()).toBeUndefined();
  expect(await store.runs({ free: true, limit: 1 })).toMatchObject([{ run: 'r' }]);
});

it('a run that is put into quarantine while it is waited for stays there', async () => {
  const store = memoryStore();
  const poison = setup({
    types: typed<{ context: { made: unknown } }>(),
  }).createMachine({
    id: 'poison',
    context: { made: undefined },
    initial: 'waiting',
    states: {
      waiting: { after: { 1000: 'over' } },
      over: { entry: assign({ made: () => () => 'what cannot be stored' }) },
    },
  });
  const clock = new SimulatedClock();
  await runtimeOn(store, { clock }).start(poison, { id: 'r' });
  const waiting = waitingOn(store);
  const opening = waiting.runtime.open(poison, 'r', { wait: 5000 });
  await expect.poll(() => waiting.asked()).toBeGreaterThan(0);
  clock.increment(1000);
  expect((await opening).status).toBe('quarantined');
  expect(await store.runs({ run: 'r', limit: 1 })).toMatchObject([{ status: 'quarantined', fence: 2 }]);
});

it('a run that waits to be opened is not taken by a runtime that is closed meanwhile', async () => {
  const store = asynchronous(memoryStore());
  const runtime = createRuntime({ store, machines: [counter], logger: () => {} });
  const run = await runtime.start(counter, { id: 'r' });
  const released = run.release();
  const opened = runtime.open('r').catch((error: { code?: string }) => error.code);
  await runtime.close();
  await released;
  expect(await opened).toBe('INVALID_ARGUMENT');
  const other = createRuntime({ store, machines: [counter] });
  expect((await other.open('r')).status).toBe('idle');
});
