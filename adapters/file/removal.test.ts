/** The files of deleted runs, when their ids are taken no longer. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  loaded,
  minute,
  owner,
  removal,
  runIds,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { thisHolder } from '../node/holder.ts';
import type { Catalog } from './catalog.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';
import { openFolder } from './folder.ts';
import { fileStore } from './index.ts';
import { Removal } from './removal.ts';
import { RunFiles } from './run-files.ts';

let folder: string;
let store: Store;
const files = (): string[] => readdirSync(join(folder, 'runs')).sort();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  store = fileStore(folder);
  await store.lease(owner, minute);
  await commit(store, creation('r'), creation('s'), creation('t'));
  await store.runs({ limit: 1 });
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test('are removed by the next deletion', async () => {
  await commit(store, removal('r', { remove: 400 }));
  expect(files()).toEqual(['r.jsonl', 's.jsonl', 't.jsonl']);
  await sleep(420);
  await commit(store, removal('s'));
  expect(files()).toEqual(['s.jsonl', 't.jsonl']);
  expect(await store.acquire('r', owner)).toEqual({ status: 'missing' });
  expect(await store.acquire('s', owner)).toEqual({ status: 'deleted' });
});

test('are good for a new run of that id, which others list as well', async () => {
  const other = fileStore(folder);
  expect(await runIds(other)).toEqual(['r', 's', 't']);
  await commit(store, removal('r', { remove: 1 }), removal('s', { remove: 1 }));
  await sleep(20);
  await commit(store, creation('r'));
  await commit(store, removal('t'));
  expect(files()).toEqual(['r.jsonl', 't.jsonl']);
  expect(await runIds(other)).toEqual(['r']);
  await commit(store, creation('s'));
  expect(await runIds(other)).toEqual(['r', 's']);
  expect(await loaded(other, 's')).toEqual([1]);
  await commit(store, turn('s', 2));
  expect(await loaded(other, 's')).toEqual([1, 2]);
  await other.close();
});

/** A store that is stopped for good before it removes a file that it said it would remove. */
async function stopped(): Promise<void> {
  await commit(store, removal('r', { remove: 400 }));
  await sleep(420);
  const unlinkSync = ((path: string) => {
    if (!path.endsWith('r.jsonl')) return nodeDisk.unlinkSync(path);
    throw Object.assign(new Error('stopped'), { code: 'ENOENT' });
  }) as Disk['unlinkSync'];
  const other = new FileStore(folder, { ...nodeDisk, unlinkSync });
  other.lease('other', minute);
  await other.runs({ limit: 1 });
  await commit(other, creation('u', { owner: 'other' }));
  await commit(other, removal('u', { owner: 'other' }));
  await other.close();
  expect(readFileSync(join(folder, 'runs', 'r.jsonl'), 'utf8')).toContain('"ended"');
}

test('are not made anew while a process that lives is about to remove them', async () => {
  await stopped();
  const before = statSync(join(folder, 'runs', 'r.jsonl')).size;
  expect(await store.commit([creation('r'), turn('s', 2)])).toMatchObject([
    {
      status: 'failed',
      retry: true,
      error: { message: expect.stringContaining('another process is removing') },
    },
    { status: 'committed' },
  ]);
  expect(await store.acquire('r', owner)).toEqual({ status: 'missing' });
  expect(await store.enqueue('r', { id: 'm', value: '' })).toEqual({ status: 'missing' });
  expect(statSync(join(folder, 'runs', 'r.jsonl')).size).toBe(before);
  rmSync(join(folder, 'runs', 'r.jsonl'));
  await commit(store, creation('r'));
});

test.runIf(thisHolder().proc !== undefined)('are removed by another where that process is gone', async () => {
  await stopped();
  const file = join(folder, 'runs', 'r.jsonl');
  // The line says which process it was.
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const { sum: _, ...last } = JSON.parse(lines.pop()!) as { sum: string; ended: { by: { pid: number } } };
  last.ended.by.pid = 2 ** 22 + 1;
  const { encodeLine } = await import('./line.ts');
  writeFileSync(file, `${lines.join('\n')}\n${encodeLine(last).bytes.toString()}`);
  const next = fileStore(folder);
  expect(await statuses(next, creation('r'), turn('r', 2))).toEqual(['committed', 'committed']);
  expect(await loaded(store, 'r')).toEqual([1, 2]);
  expect(existsSync(file)).toBe(true);
  expect(readFileSync(file, 'utf8')).not.toContain('"ended"');
  await next.close();
});

test('are left for later where they cannot be removed, and the deletion before it is none the worse', async () => {
  await commit(store, removal('r', { remove: 50 }));
  await sleep(60);
  let isFull = true;
  const writeSync = ((fd: number, bytes: Buffer, ...rest: [number, number, null]) => {
    if (isFull && bytes.includes('"ended":')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    return nodeDisk.writeSync(fd, bytes, ...rest);
  }) as Disk['writeSync'];
  const full = new FileStore(folder, { ...nodeDisk, writeSync });
  expect(await runIds(full)).toEqual(['s', 't']);
  expect(await statuses(full, removal('s'), turn('t', 2))).toEqual(['committed', 'committed']);
  expect(files()).toEqual(['r.jsonl', 's.jsonl', 't.jsonl']);
  isFull = false;
  await full.close();
  await commit(store, removal('t'));
  expect(files()).toEqual(['s.jsonl', 't.jsonl']);
});

test('are removed once, where two threads of a process are at it in the same millisecond', async () => {
  await commit(store, removal('r', { remove: 50 }));
  await sleep(60);
  vi.spyOn(Date, 'now').mockReturnValue(Date.now());
  const sweeping = (disk: Disk): Removal => {
    const runs = new RunFiles(disk, openFolder(disk, folder));
    return new Removal(disk, runs, { forgotten: () => ['r'], missed: () => {} } as unknown as Catalog);
  };
  let made: unknown;
  const writeSync = ((...given: [number, Buffer, number, number, null]) => {
    sweeping(nodeDisk).sweep();
    made = store.commit([creation('r')]);
    return nodeDisk.writeSync(...given);
  }) as Disk['writeSync'];
  sweeping({ ...nodeDisk, writeSync }).sweep();
  vi.restoreAllMocks();
  expect(await made).toEqual([{ status: 'committed' }]);
  expect(files()).toContain('r.jsonl');
});
