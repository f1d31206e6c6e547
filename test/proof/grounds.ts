/** All the places where processes can share runs, with a real server under those that need one. */
import { join } from 'node:path';
import { startPostgres } from '../../examples/postgres/server.ts';
import type { Place } from './place.ts';

/** One kind of place. */
export interface Ground {
  /** As people call it. */
  readonly name: string;
  /** A place that is new and empty; `folder` is for it alone. */
  readonly fresh: (folder: string) => Place;
}

export interface Grounds {
  readonly all: readonly Ground[];
  /** What is not there, and why: a line each. */
  readonly skipped: readonly string[];
  /** Ends the servers. */
  readonly end: () => Promise<void>;
}

const local: readonly Ground[] = [
  { name: 'SQLite', fresh: (folder) => ({ store: 'sqlite', path: join(folder, 'runs.db') }) },
  { name: 'files', fresh: (folder) => ({ store: 'file', folder: join(folder, 'runs') }) },
];

/** Starts the servers. One that is absent is told, and skipped; with CI=true it is an error. */
export async function openGrounds(say: (line: string) => void, withServers = true): Promise<Grounds> {
  const all = [...local];
  const skipped: string[] = [];
  const ends: (() => Promise<void>)[] = [];
  const skip = (name: string, reason: string): void => {
    skipped.push(`${name}: skipped, as ${reason}`);
    say(skipped.at(-1)!);
  };
  for (const [name, open] of withServers ? servers : []) {
    const opened = await open();
    if ('missing' in opened) {
      skip(name, opened.missing);
      continue;
    }
    all.push({ name, fresh: opened.fresh });
    ends.push(opened.end);
  }
  if (!withServers) for (const [name] of servers) skip(name, 'no server was wanted');
  return {
    all,
    skipped,
    async end() {
      for (const end of ends) await end();
    },
  };
}

type Opened = (Pick<Ground, 'fresh'> & Pick<Grounds, 'end'>) | { readonly missing: string };

const servers: readonly (readonly [name: string, open: () => Promise<Opened>])[] = [
  ['PostgreSQL', openPostgres],
  ['Redis', openRedis],
];

async function openPostgres(): Promise<Opened> {
  const server = await startPostgres({ fsync: true });
  if (server === undefined) return { missing: 'its server cannot be started here' };
  let schemas = 0;
  return {
    fresh: () => ({ store: 'postgres', url: server.connectionString, schema: `proof_${++schemas}` }),
    end: () => server.stop(),
  };
}

async function openRedis(): Promise<Opened> {
  // It looks for the program when it is loaded.
  const { redisIsMissing, startRedis } = await import('../support/redis-server.ts');
  if (redisIsMissing) return { missing: 'there is no redis-server in the path' };
  const server = await startRedis();
  let prefixes = 0;
  return {
    fresh: () => ({ store: 'redis', url: server.url, prefix: `{proof-${++prefixes}}` }),
    end: () => server.stop(),
  };
}
