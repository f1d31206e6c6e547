/** For tests of the seam: a runtime over a store that answers when the test lets it. */
import type { AnyStateMachine } from 'xstate';
import { memoryStore } from '../adapters/memory.ts';
import { StoreError } from '../src/errors.ts';
import { createRuntime, type Runtime } from '../src/runtime.ts';
import type { RuntimeOptions } from '../src/runtime-options.ts';
import type { Run } from '../src/run.ts';
import type { RunCommit, Store } from '../src/store.ts';

export interface Stage {
  readonly runtime: Runtime;
  readonly store: Store;
  /** What left the actor system, in order. */
  readonly log: string[];
  /** Adds a line to the log. */
  readonly say: (line: string) => void;
  /** From now on commits wait. */
  readonly hold: () => void;
  /** Lets commits through, and waits until what they let out has run. */
  readonly letThrough: () => Promise<void>;
  /** The store refuses for good each commit of which this is true. */
  readonly refuse: (which: (commit: RunCommit) => boolean) => void;
  /** Releases a run and opens it with a runtime that has never seen it. */
  readonly reopen: <TMachine extends AnyStateMachine>(
    run: Run<TMachine>,
    options?: Partial<RuntimeOptions>,
  ) => Promise<Run<TMachine>>;
}

/** A stage of its own for one test. Its store answers with promises only. */
export function createStage(options: Partial<RuntimeOptions> = {}): Stage {
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const memory = memoryStore();
  let isRefused: (commit: RunCommit) => boolean = () => false;
  let gate = Promise.resolve();
  let open = (): void => {};
  const store: Store = Object.create(memory, {
    commit: {
      value: async (batch: readonly RunCommit[]) => {
        // Turns wait at the gate; deletions do not.
        if (batch.every(({ remove }) => remove === undefined)) await gate;
        const refused = batch.find(isRefused);
        if (refused)
          return [{ status: 'failed', error: new StoreError('Too large.', 'failed'), retry: false }];
        return memory.commit(batch);
      },
    },
  });
  const others = [
    'lease',
    'acquire',
    'load',
    'enqueue',
    'rows',
    'questions',
    'runs',
    'history',
    'close',
  ] as const;
  for (const name of others)
    Object.defineProperty(store, name, {
      value: async (...args: never[]) => (memory[name] as (...args: never[]) => unknown)(...args),
    });
  const all: Partial<RuntimeOptions> = {
    logger: (...args) => say(`logged ${args.map(String).join(' ')}`),
    ...options,
  };
  const runtime = createRuntime({ store, ...all });
  return {
    runtime,
    store,
    log,
    say,
    hold: () => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    letThrough: async () => {
      open();
      await calm();
    },
    refuse: (which) => {
      isRefused = which;
    },
    reopen: async (run, more) => {
      await run.release();
      return createRuntime({ store, ...all, ...more }).open(run.machine, run.id);
    },
  };
}

/** Waits until everything that needs no time to pass has happened. */
export async function calm(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
