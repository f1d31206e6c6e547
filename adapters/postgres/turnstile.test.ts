/** What must not wait for others while all of them wait for the server. */
import { afterAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import { commit, creation, minute, owner } from '../conformance/fixtures.ts';

const server = await startPostgres();

describe.runIf(server)('a pool whose connections are all wanted', () => {
  afterAll(() => server?.stop());

  test('renews a lease while many statements wait', async () => {
    const schema = freshSchema();
    const pool = temporaryPool(server!, { max: 3 });
    const store = temporaryPostgres(pool, schema);
    await store.lease(owner, minute);
    await commit(store, creation('r'));

    const somebody = await temporaryPool(server!).connect();
    await somebody.query(`BEGIN; SELECT 1 FROM "${schema}".runs FOR UPDATE`);
    const messages = Array.from({ length: 20 }, async (_, n) =>
      store.enqueue('r', { id: `m-${n}`, value: '' }),
    );
    await expect.poll(() => pool.waitingCount + pool.totalCount - pool.idleCount).toBeGreaterThan(0);
    await store.lease(owner, minute);
    await somebody.query('COMMIT');
    somebody.release();

    const answers = await Promise.all(messages);
    expect(answers.map(({ status }) => status)).toEqual(messages.map(() => 'queued'));
  });
});
