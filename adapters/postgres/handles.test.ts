/** Two stores on one schema, over two pools, as two processes have them. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  puts,
  question,
  questionIds,
  removal,
  rowOf,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';

const server = await startPostgres();

describe.runIf(server)('two handles', () => {
  let schema: string;
  let store: Store;
  let other: Store;

  beforeEach(async () => {
    schema = freshSchema();
    store = temporaryPostgres(temporaryPool(server!), schema);
    other = temporaryPostgres(temporaryPool(server!), schema);
    await store.lease(owner, minute);
    await other.lease('owner-2', minute);
    await commit(store, creation('r', { ask: [question('r/q', { tags: ['x'] })] }), creation('s'));
  });

  afterAll(() => server?.stop());

  test('of many who take a free run at once, one gets it', async () => {
    await commit(store, { run: 'r', owner, fence: 1, release: true });
    const owners = Array.from({ length: 8 }, (_, i) => `taker-${i}`);
    for (const taker of owners) await store.lease(taker, minute);
    const answers = await Promise.all(
      owners.map(async (taker, i) => [store, other][i % 2]!.acquire('r', taker)),
    );
    expect(answers.filter(({ status }) => status === 'acquired')).toEqual([{ status: 'acquired', fence: 2 }]);
    for (const answer of answers) {
      if (answer.status === 'held') expect(Math.abs(answer.until - Date.now() - minute)).toBeLessThan(10_000);
    }
  });

  test('whoever waits to take a run does not take it from one who registered and took it meanwhile', async () => {
    await commit(store, { run: 'r', owner, fence: 1, release: true });
    const client = await temporaryPool(server!).connect();
    const query = (text: string) => client.query(text.replaceAll('$', `"${schema}"`));
    await query('BEGIN');
    await query(`SELECT 1 FROM $.runs WHERE id = 'r' FOR UPDATE`);
    const answer = other.acquire('r', 'owner-2');
    await sleep(200);
    await store.lease('faster', minute);
    // What it does to take the run, in the place of the one who waits.
    await query(`UPDATE $.runs SET owner = (SELECT oid FROM $.owners WHERE id = 'faster'), fence = 2, rev = rev + 1
      WHERE id = 'r'`);
    await query('COMMIT');
    client.release();
    expect(await answer).toMatchObject({ status: 'held' });
    await commit(store, turn('r', 2, { owner: 'faster', fence: 2 }));
  });

  test('of many who create a run at once, one does', async () => {
    const batches = Array.from({ length: 8 }, async (_, i) =>
      [store, other][i % 2]!.commit([creation('new')]),
    );
    const outcomes = (await Promise.all(batches)).flat().map(({ status }) => status);
    expect(outcomes.toSorted()).toEqual(['committed', ...Array.from({ length: 7 }, () => 'exists')]);
  });

  test('of many commits to one checkpoint, one is written', async () => {
    for (let seq = 2; seq <= 30; seq++) {
      const batches = Array.from({ length: 4 }, async (_, i) =>
        [store, other][i % 2]!.commit([
          turn('r', seq, { put: [{ kind: 'step', key: `${seq}-${i}`, value: '' }] }),
        ]),
      );
      const outcomes = (await Promise.all(batches)).flat().map(({ status }) => status);
      expect(outcomes.toSorted()).toEqual(['committed', 'conflict', 'conflict', 'conflict']);
    }
    expect(await loaded(store, 'r')).toHaveLength(30);
    expect(await keysOf(store, 'r', 'step')).toHaveLength(29);
  });

  test('a run is never taken by one and written by another at once', async () => {
    await store.lease(owner, 1);
    for (let round = 0; round < 50; round++) {
      const [taken, outcomes] = await Promise.all([
        other.acquire('r', 'owner-2'),
        store.commit([turn('r', 2 + round, { fence: 1 + 2 * round })]),
      ]);
      expect(taken).toEqual({ status: 'acquired', fence: 2 + 2 * round });
      const { seq } = (await find(other, 'r'))!;
      expect(outcomes[0]?.status).toBe(seq === 2 + round ? 'committed' : 'fenced');
      if (seq !== 2 + round)
        await commit(other, turn('r', 2 + round, { owner: 'owner-2', fence: 2 + 2 * round }));
      await commit(other, { run: 'r', owner: 'owner-2', fence: 2 + 2 * round, release: true });
      expect(await store.acquire('r', owner)).toEqual({ status: 'acquired', fence: 3 + 2 * round });
    }
  });

  test('a message and the receipt of the same event are never both written', async () => {
    for (let round = 0; round < 100; round++) {
      const key = `e${round}`;
      const put = [{ kind: 'event', key, value: 'receipt' }] as const;
      const [outcomes, left] = await Promise.all([
        store.commit([turn('r', (await find(store, 'r'))!.seq + 1, { put, unless: [key] })]),
        other.enqueue('r', { id: key, value: 'message' }, { kind: 'event', key }),
      ]);
      const isDirect = outcomes[0]!.status === 'committed';
      expect(outcomes[0]!.status).toBe(isDirect ? 'committed' : 'taken');
      expect(left).toEqual(isDirect ? { status: 'known', value: 'receipt' } : { status: 'queued' });
      expect(await rowOf(store, 'r', 'event', key)).toBe(isDirect ? 'receipt' : undefined);
      if (!isDirect) await commit(store, { run: 'r', owner, fence: 1, take: [key] });
    }
  });

  test('messages that come at once from all sides are all there, each once', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `m${i}`);
    const answers = await Promise.all(
      [store, other].flatMap((one) => ids.map(async (id) => one.enqueue('r', { id, value: id }))),
    );
    expect(answers.filter(({ status }) => status === 'queued')).toHaveLength(60);
    expect(answers.filter(({ status }) => status === 'known')).toHaveLength(60);
    expect((await keysOf(store, 'r', 'inbox')).toSorted()).toEqual(ids.toSorted());
  });

  test('messages and commits of one run do not lose each other', async () => {
    const senders = [0, 1, 2].map(async (sender) => {
      for (let i = 0; i < 40; i++) {
        await other.enqueue('r', { id: `${sender}-${i}`, value: '' });
      }
    });
    let seq = 1;
    const taken: string[] = [];
    while (taken.length < 120) {
      const waiting = await keysOf(store, 'r', 'inbox', { limit: 7 });
      if (waiting.length === 0) continue;
      await commit(store, turn('r', ++seq, { take: waiting }));
      taken.push(...waiting);
    }
    await Promise.all(senders);
    expect(new Set(taken).size).toBe(120);
    for (const sender of [0, 1, 2]) {
      const own = taken.filter((id) => id.startsWith(`${sender}-`));
      expect(own).toEqual(Array.from({ length: 40 }, (_, i) => `${sender}-${i}`));
    }
  });

  test('batches over the same runs in any order never wait for each other for good', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `run-${i}`);
    await commit(store, ...ids.map((id) => creation(id)));
    const batches = Array.from({ length: 20 }, async (_, i) => {
      const shuffled = ids.toSorted(() => Math.random() - 0.5);
      return [store, other][i % 2]!.commit(shuffled.map((id) => puts(id, 'step', `k${i}`)));
    });
    for (const outcomes of await Promise.all(batches)) {
      for (const { status } of outcomes) expect(status).toBe('committed');
    }
    for (const id of ids) expect(await keysOf(store, id, 'step')).toHaveLength(20);
  });

  test('a question is open in one run, whoever asks it first', async () => {
    for (let round = 0; round < 20; round++) {
      const ask = [question(`q${round}`, { tags: ['y'] })];
      const outcomes = await Promise.all([
        statuses(store, { run: 'r', owner, fence: 1, ask }),
        statuses(other, { run: 's', owner, fence: 1, ask }),
      ]);
      expect(outcomes.flat().toSorted()).toEqual(['committed', 'failed']);
      expect(await questionIds(store, { id: `q${round}` })).toHaveLength(1);
    }
    expect(await questionIds(store, { tag: 'y' })).toHaveLength(20);
  });

  test('a run that one handle deletes takes no message through the other, and is not made anew', async () => {
    for (let round = 0; round < 20; round++) {
      const run = `gone-${round}`;
      await commit(store, creation(run));
      const [, left, made] = await Promise.all([
        commit(store, removal(run)),
        other.enqueue(run, { id: 'm', value: '' }),
        statuses(other, creation(run)),
      ]);
      expect(['queued', 'deleted']).toContain(left.status);
      expect(made).toEqual(['exists']);
      expect(await find(other, run)).toBeUndefined();
      expect(await keysOf(other, run, 'inbox')).toEqual([]);
    }
  });

  test('rows that one handle wrote are written over and dropped by the other', async () => {
    await commit(store, puts('r', 'step', 'a', 'b'));
    expect(await other.acquire('r', owner)).toEqual({ status: 'acquired', fence: 2 });
    expect(await statuses(store, puts('r', 'step', 'late'))).toEqual(['fenced']);
    const put = [{ kind: 'step', key: 'a', value: 'new' }] as const;
    await commit(other, { run: 'r', owner, fence: 2, put, drop: [{ kind: 'step', key: 'b' }] });
    expect(await store.rows('r', 'step', {})).toEqual([{ key: 'a', value: 'new' }]);
  });

  test('a message wakes who listens, until they do no more', async () => {
    const heard: string[] = [];
    // The commits of before are told of a little later.
    await sleep(100);
    const mute = await other.listen!((run) => heard.push(run));
    await store.enqueue('r', { id: 'm', value: '' });
    await expect.poll(() => heard).toEqual(['r']);
    await mute();
    await store.enqueue('s', { id: 'm', value: '' });
    await sleep(100);
    expect(heard).toEqual(['r']);
  });

  test('a single client will do, and its transactions are its own', async () => {
    const client = await temporaryPool(server!).connect();
    const schema = freshSchema();
    const single = temporaryPostgres(client as never, schema);
    expect(Reflect.get(single, 'listen')).toBeUndefined();
    await single.lease(owner, minute);
    const ids = Array.from({ length: 20 }, (_, i) => `run-${i}`);
    await Promise.all(
      ids.map((id) => commit(single, creation(id, { checkpoints: [checkpoint(1, { base: true })] }))),
    );
    await Promise.all(ids.map((id) => commit(single, turn(id, 2, { head: head({ tags: ['a'] }) }))));
    expect(await single.runs({ tag: 'a', limit: 99 })).toHaveLength(20);
    client.release();
  });
});
