/** Clients of both drivers, made but not connected; they come back soon when a connection is lost. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from 'savepoint/redis';

/** Milliseconds before a lost connection is made again. */
const again = 5;

export const redisClients: readonly (readonly [driver: string, make: (url: string) => RedisClient])[] = [
  ['redis', (url) => createClient({ url, socket: { reconnectStrategy: () => again } })],
  ['ioredis', (url) => new Redis(url, { lazyConnect: true, retryStrategy: () => again })],
];
