/** The stores that are measured beside each other, on a real server or in a real browser where they need one. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { createClient } from 'redis';
import type { BrowserContext } from 'playwright-core';
import { startChromium } from '../../examples/browser/chromium.ts';
import { servePage } from '../../examples/browser/serve.ts';
import { startPostgres } from '../../examples/postgres/server.ts';
import { measureLine, type FreshPlace, type Line } from './line.ts';
import { databaseSize } from './measure.ts';
import { newFile } from './new-file.ts';
import type { Subject } from './subject.ts';

/** A kind of store. */
export interface Shelf {
  readonly name: string;
  /** One round of all that is measured. */
  readonly measure: () => Promise<Line>;
  /** Of its server, where others may use that as well. */
  readonly url?: string;
  readonly end?: () => Promise<void>;
}

/** Starts the servers. What is absent is said to be skipped, with CI=true it is an error. */
export async function openShelves(subject: Subject): Promise<readonly Shelf[]> {
  const shelves = [memory(subject), sqlite(subject), files(subject)];
  for (const open of [postgres, redis, chromium]) {
    const shelf = await open(subject);
    if (shelf) shelves.push(shelf);
  }
  return shelves;
}

function memory(subject: Subject): Shelf {
  const fresh = (): FreshPlace => {
    const store = subject.memoryStore();
    // Closed, it would be empty.
    store.close = () => {};
    return { open: () => store, bytes: async () => undefined };
  };
  return { name: 'memory', measure: () => measureLine(subject, fresh) };
}

function sqlite(subject: Subject): Shelf {
  const fresh = (): FreshPlace => {
    const path = newFile();
    return { open: () => subject.sqliteStore(path), bytes: async () => databaseSize(path) };
  };
  return { name: 'SQLite', measure: () => measureLine(subject, fresh) };
}

function files(subject: Subject): Shelf {
  const fresh = (): FreshPlace => {
    const folder = newFile();
    const sizes = (): number[] =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => statSync(join(folder, name)))
        .map((one) => (one.isFile() ? one.size : 0));
    return {
      open: () => subject.fileStore(folder),
      bytes: async () => sizes().reduce((sum, size) => sum + size, 0),
    };
  };
  return { name: 'files', measure: () => measureLine(subject, fresh) };
}

async function postgres(subject: Subject): Promise<Shelf | undefined> {
  const server = await startPostgres({ fsync: true });
  if (server === undefined) return undefined;
  const pool = new Pool({ connectionString: server.connectionString });
  let schemas = 0;
  const fresh = (): FreshPlace => {
    const schema = `bench_${++schemas}`;
    return {
      open: () => subject.postgresStore(pool, { schema }),
      async bytes() {
        const { rows } = await pool.query<{ bytes: string }>(
          `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
           WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
          [schema],
        );
        return Number(rows[0]!.bytes);
      },
    };
  };
  return {
    name: 'PostgreSQL',
    url: server.connectionString,
    measure: () => measureLine(subject, fresh),
    async end() {
      await pool.end();
      await server.stop();
    },
  };
}

async function redis(subject: Subject): Promise<Shelf | undefined> {
  // It looks for the program when it is loaded.
  const { redisIsMissing, startRedis } = await import('../support/redis-server.ts');
  if (redisIsMissing) return undefined;
  const server = await startRedis();
  const client = createClient({ url: server.url });
  await client.connect();
  let prefixes = 0;
  const fresh = (): FreshPlace => {
    const prefix = `{bench-${++prefixes}}`;
    return {
      open: () => subject.redisStore(client, { prefix }),
      async bytes() {
        let sum = 0;
        for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
          for (const key of keys) sum += (await client.memoryUsage(key, { SAMPLES: 0 })) ?? 0;
        return sum;
      },
    };
  };
  return {
    name: 'Redis',
    measure: () => measureLine(subject, fresh),
    async end() {
      client.destroy();
      await server.stop();
    },
  };
}

/** A browser of its own each time: what it tells of its room is of all that was ever stored in its profile. */
async function chromium(): Promise<Shelf | undefined> {
  const served = await servePage(join(import.meta.dirname, 'page'));
  const inBrowser = async <T>(use: (browser: BrowserContext) => Promise<T>): Promise<T> => {
    const profile = mkdtempSync(join(tmpdir(), 'savepoint-bench-browser-'));
    try {
      const browser = await startChromium(profile);
      try {
        return await use(browser);
      } finally {
        await browser.close();
      }
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  try {
    await inBrowser(async () => {});
  } catch (error) {
    served.close();
    if (process.env['CI'] === 'true') throw error;
    console.warn(`IndexedDB: skipped, as no browser can be started. ${String(error)}`);
    return undefined;
  }
  return {
    name: 'IndexedDB in Chromium, 100 runs',
    measure: () =>
      inBrowser(async (browser) => {
        const page = await browser.newPage();
        await page.goto(served.url);
        return page.evaluate(() => window.measure());
      }),
    end: async () => served.close(),
  };
}
