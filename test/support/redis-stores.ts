/** Redis stores that are closed when their test is over. */
import { Redis } from 'ioredis';
import type { Store } from 'savepoint';
import { type RedisClient, redisStore } from 'savepoint/redis';
import { onTestFinished } from 'vitest';

let prefixes = 0;

/** A prefix that no other test of the file has. */
export function freshPrefix(): string {
  return `{test-${++prefixes}}`;
}

export function temporaryRedisStore(client: RedisClient, prefix: string): Store {
  const store = redisStore(client, { prefix });
  onTestFinished(() => store.close());
  return store;
}

/** What a person would do with redis-cli. */
export function redisCli(url: string): Redis {
  const cli = new Redis(url, { retryStrategy: () => 5 });
  // It comes back by itself.
  cli.on('error', () => {});
  onTestFinished(() => cli.disconnect());
  return cli;
}
