/**
 * A store that encrypts what it is given, around any other. What encrypts is loaded with the first call.
 *
 * @module
 */
import { InvalidArgumentError, SavepointError, StoreError } from '../errors.ts';
import { secretBytes, SHORTEST, type Secret } from '../secret.ts';
import type { Store } from '../store.ts';
import type { SealedStore } from './sealed-store.ts';

/** What records are sealed with. */
export interface SealedOptions {
  /** The secret: text or bytes, at least 16 bytes that nobody can guess. What is written is sealed with it. */
  readonly key: Secret;
  /** Older secrets, whose records can still be read. */
  readonly keys?: readonly Secret[] | undefined;
}

/**
 * Encrypts what runs hold, with AES-GCM and a key made from a secret, before `store` sees it. Each record is bound to its
 * run and its place there: one that is altered, moved or exchanged is refused by name. Ids, names of machines, statuses,
 * times, tags, assignees and sizes stay readable, as stores find records by them; docs/sealed.md has the list.
 *
 * To rotate, give the new secret as `key` and the old one in `keys`. What is written from then on is sealed with the new
 * one. A secret is good for 2^32 records. Who loses it has lost what is stored.
 *
 * ```ts
 * const store = sealed(sqliteStore('runs.db'), { key: secret });
 * const runtime = createRuntime({ store, machines: [refund] });
 * ```
 *
 * Throws `InvalidArgumentError` for a secret of less than 16 bytes. Reading a record throws `WrongKeyError` where it is
 * sealed with another secret, and `CorruptCheckpointError` or `StoreError` where it is not what was written.
 */
export function sealed(store: Store, options: SealedOptions): Store {
  if (typeof store?.commit !== 'function')
    throw new InvalidArgumentError("sealed() needs a store, such as sqliteStore('runs.db').");
  const { key, keys = [] } = options ?? {};
  if (!Array.isArray(keys))
    throw new InvalidArgumentError("'keys' is a list of older secrets: { key: newest, keys: [older] }.");
  const secrets = [check('key', key), ...keys.map((one, at) => check(`keys[${at}]`, one))];
  let ready: SealedStore | undefined;
  let loading: Promise<SealedStore> | undefined;

  /** Calls keep their order: those made while it loads come first. */
  function use<T>(call: (sealing: SealedStore) => Promise<T>): Promise<T> {
    if (ready) return call(ready);
    if (!loading) {
      loading = load(store, secrets);
      loading.then(
        (loaded) => (ready = loaded),
        // Next time it may be there: a page may be without a connection for a while.
        () => (loading = undefined),
      );
    }
    return loading.then(call);
  }

  return {
    lease: (owner, ms) => use((sealing) => sealing.lease(owner, ms)),
    acquire: (run, owner) => use((sealing) => sealing.acquire(run, owner)),
    commit: (batch) => use((sealing) => sealing.commit(batch)),
    load: (run, at) => use((sealing) => sealing.load(run, at)),
    enqueue: (run, message, unless) => use((sealing) => sealing.enqueue(run, message, unless)),
    rows: (run, kind, scan) => use((sealing) => sealing.rows(run, kind, scan)),
    questions: (scan) => use((sealing) => sealing.questions(scan)),
    runs: (scan) => use((sealing) => sealing.runs(scan)),
    history: (run, scan) => use((sealing) => sealing.history(run, scan)),
    close: () => (loading ? use((sealing) => sealing.close()) : store.close()),
    ...(store.listen && { listen: (wake) => store.listen!(wake) }),
    ...(store.capabilities && { capabilities: store.capabilities }),
  };
}

function check(name: string, secret: Secret): Uint8Array<ArrayBuffer> {
  const bytes = secretBytes(name, secret);
  if (bytes === undefined)
    throw new InvalidArgumentError(`'${name}' is a text or a Uint8Array of at least ${SHORTEST} bytes.`);
  return bytes;
}

async function load(store: Store, secrets: readonly Uint8Array<ArrayBuffer>[]): Promise<SealedStore> {
  try {
    const { makeKeys, SealedStore } = await import('./sealed-store.ts');
    return new SealedStore(store, await makeKeys(secrets));
  } catch (cause) {
    if (SavepointError.isInstance(cause)) throw cause;
    throw new StoreError(
      'What seals records could not be loaded; it is tried again by the next call.',
      'failed',
      {
        cause,
      },
    );
  }
}
