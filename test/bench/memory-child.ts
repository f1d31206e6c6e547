/** Measures the heap in a process of its own; started by memory.ts. */
import { setImmediate } from 'node:timers/promises';
import { createActor, type AnyActor } from 'xstate';
import { chat } from './machines.ts';
import { loadSubject, type From } from './subject.ts';
import { newFile } from './new-file.ts';

/** Bytes of heap for each run. */
export interface Kept {
  readonly started: number;
  /** As another process would have them: restored from what was kept. */
  readonly restored: number;
  /** After all were released. */
  readonly released: number;
}

const RUNS = 10_000;
const turn = { type: 'TURN', ask: 'Where is my order?', say: 'On its way.' } as const;

interface Contender {
  readonly start: (count: number) => Promise<void>;
  readonly restore: () => Promise<void>;
  readonly release: () => Promise<void>;
}

async function measure({ start, restore, release }: Contender): Promise<Kept> {
  // All of it once before: code is compiled then, and the engine's tables have their size.
  await start(RUNS);
  await release();
  await restore();
  await release();
  const before = await heap();
  await start(RUNS);
  const started = await heap();
  await release();
  await restore();
  const restored = await heap();
  await release();
  const released = await heap();
  const each = (bytes: number): number => (bytes - before) / RUNS;
  return { started: each(started), restored: each(restored), released: each(released) };
}

async function heap(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await setImmediate();
    globalThis.gc!();
  }
  return process.memoryUsage().heapUsed;
}

function bare(): Contender {
  let actors: AnyActor[] = [];
  let snapshots: string[] = [];
  return {
    async start(count) {
      for (let i = 0; i < count; i++) {
        const actor = createActor(chat, { id: `run-${i}` }).start();
        actor.send(turn);
        actors.push(actor);
      }
    },
    async restore() {
      for (const snapshot of snapshots)
        actors.push(createActor(chat, { snapshot: JSON.parse(snapshot) }).start());
      snapshots = [];
    },
    async release() {
      snapshots = actors.map((actor) => JSON.stringify(actor.getPersistedSnapshot()));
      for (const actor of actors) actor.stop();
      actors = [];
    },
  };
}

async function savepoint(from: From): Promise<Contender> {
  const { createRuntime, sqliteStore } = await loadSubject(from);
  const runtime = createRuntime({
    store: sqliteStore(newFile(), { synchronous: 'normal' }),
    machines: [chat],
  });
  let batch = 0;
  let count = 0;
  const ids = () => Array.from({ length: count }, (_, i) => `run-${batch}-${i}`);
  return {
    async start(runs) {
      batch++;
      count = runs;
      await Promise.all(
        ids().map(async (id) => {
          const run = await runtime.start(chat, { id });
          await run.send(turn);
        }),
      );
    },
    async restore() {
      for (const id of ids()) await runtime.open(chat, id);
    },
    async release() {
      for (const id of ids()) await (await runtime.open(chat, id)).release();
    },
  };
}

const [contender, from] = process.argv.slice(2) as ['bare' | 'savepoint', From];
process.send!(await measure(contender === 'bare' ? bare() : await savepoint(from)), () => process.exit());
