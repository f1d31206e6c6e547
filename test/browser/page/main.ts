/** What the tests of browsers do in a page: they have it by name, as `window.page`. */
import { deleteDB } from 'idb';
import { createRuntime, type Follower, type Run, type Runtime, type RuntimeOptions } from 'savepoint';
import { indexedDBStore, type IndexedDBStoreOptions } from 'savepoint/indexeddb';
import { caseGroups } from '../../../adapters/conformance/case-groups.ts';
import { runCase } from '../../../adapters/conformance/run-case.ts';
import type { Outcome, RunCommit, Store } from '../../../src/store.ts';
import { notes } from './notes.ts';

/** What a call came to: a value, or an error, which a page cannot hand out as it is. */
export type Result<T> = { readonly value: T } | { readonly error: PageError };

export interface PageError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly outcome?: string;
}

/** Which database, and how. */
export interface On extends IndexedDBStoreOptions {
  readonly database: string;
  readonly limits?: RuntimeOptions['limits'];
}

const stores = new Map<string, Store>();
const runtimes = new Map<string, Runtime>();
const runs = new Map<string, Run<typeof notes>>();
const followers = new Map<string, Follower<typeof notes>>();

function storeOf({ database, limits: _limits, ...options }: On): Store {
  let store = stores.get(database);
  if (store === undefined) stores.set(database, (store = indexedDBStore(database, options)));
  return store;
}

function runtimeOf(on: On): Runtime {
  let runtime = runtimes.get(on.database);
  if (runtime === undefined) {
    const { limits = {} } = on;
    runtime = createRuntime({ store: storeOf(on), machines: [notes], limits, logger: () => {} });
    runtimes.set(on.database, runtime);
  }
  return runtime;
}

function runOf(id: string): Run<typeof notes> {
  const run = runs.get(id);
  if (run === undefined) throw new Error(`The run '${id}' is not open in this page.`);
  return run;
}

/** What became of a promise. */
async function result<T>(promise: Promise<T> | T): Promise<Result<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    const { name, message, code, outcome } = error as PageError;
    return {
      error: {
        name,
        message,
        ...(code !== undefined && { code }),
        ...(outcome !== undefined && { outcome }),
      },
    };
  }
}

/** Text that cannot be packed. */
function noise(size: number): string {
  let text = '';
  const bytes = new Uint8Array(32_768);
  while (text.length < size) text += String.fromCharCode(...crypto.getRandomValues(bytes));
  return text.slice(0, size);
}

const page = {
  /** Opens the run, or starts it. Answers with its notes. */
  hold: (on: On, id: string, wait = 0): Promise<Result<readonly string[]>> =>
    result(
      (async () => {
        const runtime = runtimeOf(on);
        const run = (await runtime.get(id).catch(() => undefined))
          ? await runtime.open(notes, id, { wait })
          : await runtime.start(notes, { id });
        runs.set(id, run);
        return run.getSnapshot().context.notes;
      })(),
    ),

  /** Resolves when the note is durable. The same note twice is one. */
  add: (id: string, note: string): Promise<Result<number | undefined>> =>
    result(
      runOf(id)
        .send({ type: 'add', note }, { id: note })
        .then(({ seq }) => seq),
    ),

  /** Adds so many characters of noise. */
  fatten: (id: string, size: number): Promise<Result<number | undefined>> =>
    result(
      runOf(id)
        .send({ type: 'fatten', text: noise(size) })
        .then(({ seq }) => seq),
    ),

  /** A commit of the store itself: a checkpoint with so many characters of noise. */
  commitNoise: (on: On, commit: RunCommit, size: number): Promise<Result<Outcome['status']>> => {
    const checkpoints = commit.checkpoints?.map((row) => ({ ...row, body: noise(size) }));
    return result(
      (async () => {
        const [outcome] = await storeOf(on).commit([{ ...commit, checkpoints }]);
        if (outcome?.status === 'failed') throw outcome.error;
        return outcome!.status;
      })(),
    );
  },

  notes: (id: string): readonly string[] => runOf(id).getSnapshot().context.notes,

  status: (id: string): string => runOf(id).status,

  release: (id: string): Promise<Result<void>> => result(runOf(id).release()),

  close: (on: On): Promise<Result<void>> => result(runtimeOf(on).close({ grace: 0 })),

  /** Follows the run, and answers with its notes. */
  follow: (on: On, id: string): Promise<Result<readonly string[]>> =>
    result(
      (async () => {
        const follower = await runtimeOf(on).follow(notes, id);
        followers.set(id, follower);
        return follower.getSnapshot().context.notes;
      })(),
    ),

  followed: (id: string): readonly string[] => followers.get(id)!.getSnapshot().context.notes,

  /** Sends notes one after another without end, and tells of each that is durable. */
  addForEver: async (id: string, from: number): Promise<void> => {
    for (let n = from; ; n++) {
      await runOf(id).send({ type: 'add', note: `${n}` }, { id: `${n}` });
      await window.acknowledge(n);
    }
  },

  /** Sends notes one after another until one is refused. */
  addUntilRefused: async (id: string): Promise<void> => {
    for (let n = 0; 'value' in (await page.add(id, `note ${n}`)); n++);
  },

  /** A call of the store itself. */
  store: <Name extends Exclude<keyof Store, 'capabilities' | 'listen'>>(
    on: On,
    name: Name,
    ...args: Parameters<Store[Name]>
  ): Promise<Result<Awaited<ReturnType<Store[Name]>>>> => {
    const call = storeOf(on)[name] as (...args: unknown[]) => Promise<Awaited<ReturnType<Store[Name]>>>;
    return result(call.apply(storeOf(on), args));
  },

  /** Runs one case of the suite that all stores pass. Answers with why it was skipped, if it was. */
  conformance: (group: string, name: string): Promise<Result<string | undefined>> => {
    const one = caseGroups.find((it) => it.name === group)?.cases.find((it) => it.name === name);
    if (one === undefined) throw new Error(`There is no case '${group}: ${name}'.`);
    return result(
      runCase(one, { createStore: (place) => indexedDBStore(place), destroy: (place) => deleteDB(place) }),
    );
  },
};

declare global {
  interface Window {
    page: typeof page;
    /** Given by a test: told of each note that is durable. */
    acknowledge: (n: number) => Promise<void>;
  }
}

window.page = page;
