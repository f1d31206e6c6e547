/**
 * Persist and restore: one process packs a parcel and is killed, another one opens the run and goes on.
 *
 * Prints what each process sees. The Date and the Map in the context come back as a Date and a Map.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { assign, setup } from 'xstate';

interface Types {
  context?: { startedAt: Date; items: Map<string, number> };
  events?: { type: 'pack'; item: string; count: number } | { type: 'close' };
  input?: { startedAt: Date };
  output?: { startedAt: Date; items: Map<string, number> };
}
// For TypeScript alone, as `types` always is.
const types: Types = {};

// An ordinary machine. Contexts are updated immutably, as always in XState: a new Map, not `items.set()`.
const parcel = setup({ types }).createMachine({
  id: 'parcel',
  context: ({ input }) => ({ startedAt: input.startedAt, items: new Map() }),
  initial: 'packing',
  states: {
    packing: {
      on: {
        pack: {
          actions: assign({
            items: ({ context, event }) => new Map(context.items).set(event.item, event.count),
          }),
        },
        close: 'closed',
      },
    },
    closed: { type: 'final' },
  },
  output: ({ context }) => context,
});

async function pack(file: string): Promise<void> {
  const runtime = createRuntime({ store: sqliteStore(file) });
  const startedAt = new Date('2026-03-02T09:30:00Z');
  const run = await runtime.start(parcel, { id: 'parcel-7', input: { startedAt } });
  await run.send({ type: 'pack', item: 'acorn', count: 12 });
  const { seq } = await run.send({ type: 'pack', item: 'teacup', count: 2 });
  console.log(`${process.pid}: packed 12 acorns and 2 teacups, durable at seq ${seq}; killed now`);
  process.kill(process.pid, 'SIGKILL');
}

async function close(file: string): Promise<void> {
  const runtime = createRuntime({ store: sqliteStore(file) });
  const run = await runtime.open(parcel, 'parcel-7', { wait: 20_000 });
  const { value, context } = run.getSnapshot();
  console.log(`${process.pid}: opened at seq ${run.seq}: ${value},`, context);
  await run.send({ type: 'close' });
  const { startedAt, items } = await run.done();
  const held = startedAt instanceof Date && startedAt.getUTCHours() === 9 && items.get('acorn') === 12;
  console.log(`${process.pid}: closed with ${items.size} items, started at ${startedAt.toISOString()}`);
  process.exitCode = held && items.get('teacup') === 2 ? 0 : 1;
  await runtime.close();
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  const file = join(folder, 'runs.db');
  const [, signal] = await once(fork(import.meta.filename, ['pack', file]), 'exit');
  const [code] = await once(fork(import.meta.filename, ['close', file]), 'exit');
  rmSync(folder, { recursive: true });
  const proved = signal === 'SIGKILL' && code === 0;
  console.log(
    proved
      ? 'Proved: the first process was killed, the second went on, and the Date and the Map were still there.'
      : 'Not as promised: see above.',
  );
  process.exitCode = proved ? 0 : 1;
}

const [task, file = ''] = process.argv.slice(2);
await (task === 'pack' ? pack(file) : task === 'close' ? close(file) : main());
