/** The package that is measured: as it is shipped, or its source. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { createRuntime, fromDurable, inputRequest } from 'savepoint';
import type { fileStore } from 'savepoint/file';
import type { workflow } from 'savepoint/machines';
import type { agent, durableTool } from 'savepoint/machines/agent';
import type { memoryStore } from 'savepoint/memory';
import type { postgresStore } from 'savepoint/postgres';
import type { redisStore } from 'savepoint/redis';
import type { sqliteStore } from 'savepoint/sqlite';
import { build } from 'vite';

export type From = 'build' | 'source';

/** What is measured of it. */
export interface Subject {
  readonly createRuntime: typeof createRuntime;
  readonly fromDurable: typeof fromDurable;
  readonly inputRequest: typeof inputRequest;
  readonly workflow: typeof workflow;
  readonly agent: typeof agent;
  readonly durableTool: typeof durableTool;
  readonly sqliteStore: typeof sqliteStore;
  readonly memoryStore: typeof memoryStore;
  readonly fileStore: typeof fileStore;
  readonly postgresStore: typeof postgresStore;
  readonly redisStore: typeof redisStore;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
// Not dist/, which others may be using. Below the root, so that dependencies are found from it.
const folder = join(root, '.cache/bench');

/** Builds the package as `npm run build` does. */
export async function buildSubject(): Promise<void> {
  await build({ root, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
}

export async function loadSubject(from: From): Promise<Subject> {
  const entry = (name: string): string => pathToFileURL(join(folder, `${name}.js`)).href;
  const [core, machines, agents, sqlite, memory, file, postgres, redis] =
    from === 'source'
      ? await Promise.all([
          import('savepoint'),
          import('savepoint/machines'),
          import('savepoint/machines/agent'),
          import('savepoint/sqlite'),
          import('savepoint/memory'),
          import('savepoint/file'),
          import('savepoint/postgres'),
          import('savepoint/redis'),
        ])
      : await Promise.all(
          ['index', 'machines', 'machines/agent', 'sqlite', 'memory', 'file', 'postgres', 'redis'].map(
            (name) => import(entry(name)),
          ),
        );
  return {
    createRuntime: core.createRuntime,
    fromDurable: core.fromDurable,
    inputRequest: core.inputRequest,
    workflow: machines.workflow,
    agent: agents.agent,
    durableTool: agents.durableTool,
    sqliteStore: sqlite.sqliteStore,
    memoryStore: memory.memoryStore,
    fileStore: file.fileStore,
    postgresStore: postgres.postgresStore,
    redisStore: redis.redisStore,
  };
}
