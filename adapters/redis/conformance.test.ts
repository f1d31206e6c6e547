import { afterAll, describe } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { testStore } from '../conformance/index.ts';
import { redisStore } from './index.ts';

describe.skipIf(redisIsMissing)('on a real server', async () => {
  const server = redisIsMissing ? undefined : await startRedis();
  afterAll(() => server?.stop());

  for (const [driver, make] of redisClients) {
    testStore(`the Redis store through ${driver}`, (place) =>
      redisStore(make(server!.url), { prefix: `{${place}}` }),
    );
  }
});
