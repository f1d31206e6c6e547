/** No room: nothing is written, the runs are as they were, and all goes on when there is room. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import type { Outcome, Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  keysOf,
  loaded,
  minute,
  owner,
  runIds,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';
import { fileStore } from './index.ts';

let folder: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
});

afterEach(async () => {
  await store?.close();
  spawnSync('umount', [join(folder, 'small')]);
  rmSync(folder, { recursive: true });
});

const large = (seq: number, bytes = 20_000) => ({
  checkpoints: [checkpoint(seq, { body: 'x'.repeat(bytes) })],
});

const full = { status: 'failed', retry: true, error: { code: 'STORE', outcome: 'failed' } };

describe('on a disk that is full', () => {
  /** A disk of so many kilobytes. Only root can make one. */
  function smallDisk({ skip }: TestContext, kilobytes: number): string {
    const path = join(folder, 'small');
    mkdirSync(path);
    const { status, stderr, error } = spawnSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path],
      { encoding: 'utf8' },
    );
    if (status !== 0) skip(`no small disk can be mounted here: ${stderr || String(error)}`);
    return path;
  }

  test('commits fail and may be tried again; leases are renewed; with room again they go well', async (context) => {
    const disk = smallDisk(context, 400);
    const reserve = join(disk, 'reserve');
    store = fileStore(disk);
    await store.lease(owner, minute);
    await commit(store, creation('r'), creation('s'));
    writeFileSync(reserve, 'x'.repeat(50_000));
    let seq = 1;
    let outcome: Outcome | undefined;
    do [outcome] = await store.commit([turn('r', ++seq, large(seq))]);
    while (outcome?.status === 'committed');
    expect(outcome).toMatchObject(full);
    expect((outcome as { error: Error }).error.message).toContain('its disk is full; free some space');
    expect(seq).toBeGreaterThan(10);
    // Even the last byte.
    for (let fill = 0; ; fill++) {
      try {
        writeFileSync(join(disk, `fill-${fill}`), 'x'.repeat(1000));
      } catch {
        break;
      }
    }
    for (const small of [turn('r', seq), turn('s', 2), creation('t')]) {
      const [answer] = await store.commit([{ ...small, ...large(small.expect! + 1, 5000) }]);
      expect(answer).toMatchObject(full);
    }
    await store.lease(owner, minute);
    expect(await find(store, 'r')).toMatchObject({ seq: seq - 1 });
    expect(await store.load('r')).toHaveLength(seq - 1);
    expect(await runIds(store)).toEqual(['r', 's']);

    rmSync(reserve);
    await commit(store, turn('r', seq), turn('s', 2), creation('t'));
    await store.close();
    store = fileStore(disk);
    expect(await loaded(store, 'r')).toHaveLength(seq);
    expect(await loaded(store, 's')).toEqual([1, 2]);
    expect(await loaded(store, 't')).toEqual([1]);
  });

  test('what does not fit is not begun, so it takes no room from what does', async (context) => {
    store = fileStore(smallDisk(context, 400));
    await store.lease(owner, minute);
    await commit(store, creation('r'), creation('s'));
    for (let i = 0; i < 10; i++)
      expect(await store.commit([turn('r', 2, large(2, 1e6))])).toMatchObject([full]);
    await commit(store, turn('s', 2, large(2, 200_000)));
    await commit(store, turn('r', 2));
  });

  test('a file is not written anew where there is no room for it, and takes commits all the same', async (context) => {
    store = fileStore(smallDisk(context, 400));
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    const put = [{ kind: 'blob', key: 'kept', value: 'x'.repeat(150_000) }] as const;
    await commit(store, { run: 'r', owner, fence: 1, put });
    for (let i = 0; i < 20; i++) {
      const [outcome] = await store.commit([
        { run: 'r', owner, fence: 1, put: [{ kind: 'step', key: 'k', value: `${i}${'y'.repeat(8000)}` }] },
      ]);
      expect(outcome?.status).toBe('committed');
    }
    expect(await keysOf(store, 'r', 'step')).toEqual(['k']);
    expect(await keysOf(store, 'r', 'blob')).toEqual(['kept']);
  });
});

describe('where a write takes only a part', () => {
  /** How many bytes of the next line of a run are taken; less than nothing: none, and the system says so. */
  let taken: number | undefined;

  beforeEach(async () => {
    taken = undefined;
    const writeSync = ((fd: number, bytes: Buffer, ...rest: [number, number, null]) => {
      if (taken === undefined || !bytes.includes('"prev":')) return nodeDisk.writeSync(fd, bytes, ...rest);
      if (taken < 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      return nodeDisk.writeSync(fd, bytes, 0, Math.min(taken, bytes.length - 1), null);
    }) as Disk['writeSync'];
    store = new FileStore(folder, { ...nodeDisk, writeSync });
    await store.lease(owner, minute);
    await commit(store, creation('r'), creation('s'));
  });

  test.each([-1, 0, 1, 17, 100, 1e6])(
    'of %i bytes, the run is as it was, here and elsewhere',
    async (bytes) => {
      taken = bytes;
      const put = [{ kind: 'step', key: 'k', value: '' }] as const;
      for (let i = 0; i < 3; i++) expect(await store.commit([turn('r', 2, { put })])).toMatchObject([full]);
      await expect(store.enqueue('r', { id: 'm', value: '' })).rejects.toMatchObject({ outcome: 'failed' });
      await expect(store.acquire('r', owner)).rejects.toMatchObject({ outcome: 'failed' });
      expect(await store.commit([creation('n'), turn('s', 9)])).toMatchObject([full, { status: 'conflict' }]);
      const other = fileStore(folder);
      for (const one of [store, other]) {
        expect(await loaded(one, 'r')).toEqual([1]);
        expect(await find(one, 'r')).toMatchObject({ fence: 1 });
        expect(await keysOf(one, 'r', 'step')).toEqual([]);
        expect(await keysOf(one, 'r', 'inbox')).toEqual([]);
        expect(await runIds(one)).toEqual(['r', 's']);
      }
      await other.enqueue('r', { id: 'm', value: '' });
      taken = undefined;
      expect(await statuses(store, turn('r', 2, { put }), creation('n'), turn('s', 2))).toEqual([
        'committed',
        'committed',
        'committed',
      ]);
      for (const one of [store, other]) {
        expect(await loaded(one, 'r')).toEqual([1, 2]);
        expect(await keysOf(one, 'r', 'inbox')).toEqual(['m']);
        expect(await runIds(one)).toEqual(['n', 'r', 's']);
      }
      await other.close();
    },
  );
});

/** Commits until one fails; the shell that starts it limits how large a file may grow. */
const filler = `
  import { fileStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  const store = fileStore(process.argv[1]);
  const owner = ${JSON.stringify(owner)};
  store.lease(owner, 60_000);
  for (let seq = 2; seq < 1000; seq++) {
    const row = { seq, base: false, time: 0, header: '', body: 'x'.repeat(10_000) };
    const [outcome] = await store.commit([{ run: 'r', owner, fence: 1, expect: seq - 1, checkpoints: [row] }]);
    if (outcome.status === 'committed') continue;
    console.log(JSON.stringify({ seq, ...outcome, error: { code: outcome.error.code, outcome: outcome.error.outcome } }));
    process.exit();
  }
`;

test.skipIf(process.platform === 'win32')(
  'a file that may not grow fails a commit that may be tried again',
  async () => {
    store = fileStore(folder);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', filler, folder];
    const child = spawnSync('sh', ['-c', 'ulimit -f 400; exec "$@"', 'sh', ...node], { encoding: 'utf8' });
    const answer = JSON.parse(child.stdout) as { seq: number };
    expect(answer).toMatchObject(full);
    expect(answer.seq).toBeGreaterThan(10);
    expect(await store.load('r')).toHaveLength(answer.seq - 1);
    await commit(store, turn('r', answer.seq));
    expect(await store.load('r')).toHaveLength(answer.seq);
  },
);
