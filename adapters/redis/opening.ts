/**
 * What is looked at once, before anything is stored.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Connection } from './connection.ts';
import { codeOf } from './failure.ts';
import { openScript } from './scripts/open.ts';

/** The version of the layout (scripts/prelude.ts). */
const schema = '1';

/** The first version whose scripts may ask for the time before they write. */
const oldest = 5;

/**
 * Refuses a server that would throw runs away, is too old, or holds something else under the prefix.
 *
 * @throws StoreError
 */
export async function checkServer(connection: Connection, store: string): Promise<void> {
  const info = await readInfo(connection);
  const refuse = (reason: string): never => {
    throw new StoreError(`The store ${store} cannot be used: ${reason}`, 'failed');
  };
  const version = info.get('redis_version') ?? '';
  if (Number.parseInt(version) < oldest) {
    refuse(`the server is Redis ${version}. Use Redis ${oldest} or newer; nothing was changed.`);
  }
  checkEviction(info, refuse);
  await checkSchema(connection, refuse);
}

/** A policy that evicts deletes keys when the memory is full: any of them, or those that expire. */
function checkEviction(info: ReadonlyMap<string, string>, refuse: (reason: string) => never): void {
  const policy = info.get('maxmemory_policy');
  const limit = Number(info.get('maxmemory') ?? Number.NaN);
  if (policy === undefined || Number.isNaN(limit)) {
    return refuse(
      'the server does not tell its maxmemory-policy. Allow this user the command INFO; nothing was changed.',
    );
  }
  if (policy === 'noeviction' || (limit === 0 && !policy.startsWith('allkeys'))) return undefined;
  return refuse(
    `with the maxmemory-policy '${policy}' the server deletes runs when its memory is full. ` +
      'Set it to noeviction: CONFIG SET maxmemory-policy noeviction, and in redis.conf; nothing was changed.',
  );
}

async function checkSchema(connection: Connection, refuse: (reason: string) => never): Promise<void> {
  const [application, version] = (await connection.run(openScript, [schema])) as (Buffer | null)[];
  if (String(application) !== 'savepoint') {
    refuse(`its keys belong to another application. Choose another prefix; nothing was changed.`);
  }
  if (String(version) !== schema) {
    refuse(
      `it was written by a newer savepoint (schema ${String(version)}; this one knows ${schema}). ` +
        'Update savepoint; nothing was changed.',
    );
  }
}

/** Empty where this user may not ask for it. */
async function readInfo(connection: Connection): Promise<ReadonlyMap<string, string>> {
  let text = '';
  try {
    text = String(await connection.info());
  } catch (error) {
    if (codeOf(error) !== 'NOPERM') throw error;
  }
  return new Map(
    [...text.matchAll(/^([^:\r\n]+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}
