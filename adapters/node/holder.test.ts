import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { describeHolder, type Holder, isGone, parseStat, thisHolder } from './holder.ts';

const self = thisHolder();
const gone = 2 ** 22 + 1; // Above the largest pid that Linux gives out.

test('the state and the start are found behind any name of a program', () => {
  const rest = Array.from({ length: 40 }, (_, i) => String(i + 4)).join(' ');
  for (const name of ['node', 'a b', 'x) R (y', '((']) {
    expect(parseStat(`123 (${name}) S ${rest}`)).toEqual({ state: 'S', start: '22' });
  }
});

test('a holder reads like a process on a host', () => {
  expect(describeHolder({ host: 'host-a', pid: 4242 })).toBe('process 4242 on host-a');
});

describe.runIf(self.proc !== undefined)('where /proc tells', () => {
  const proc = self.proc!;

  test('this process is not gone', () => {
    expect(isGone(self, self)).toBe(false);
  });

  test('a process that is not there is gone', () => {
    expect(isGone({ ...self, pid: gone }, self)).toBe(true);
  });

  test('a process whose id was given to another one is gone', () => {
    expect(isGone({ ...self, proc: { ...proc, start: '1' } }, self)).toBe(true);
  });

  test.each<[string, Holder]>([
    ['of another boot', { ...self, pid: gone, proc: { ...proc, boot: 'other' } }],
    ['in another namespace', { ...self, pid: gone, proc: { ...proc, space: 'other' } }],
    ['that says nothing about itself', { host: 'host-a', pid: gone }],
  ])('nothing is known about a process %s', (_, holder) => {
    expect(isGone(holder, self)).toBe(false);
  });

  test('nothing is known where this process knows nothing about itself', () => {
    expect(isGone({ ...self, pid: gone }, { host: self.host, pid: self.pid })).toBe(false);
  });

  test('a process that was killed is gone before its parent has asked for its exit code', async () => {
    // The shell starts a child and never waits for it: killed, the child stays there as a zombie.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const { readFileSync } = await import('node:fs');
    const { start } = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    const child: Holder = { ...self, pid, proc: { ...proc, start } };
    expect(isGone(child, self)).toBe(false);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isGone(child, self)).toBe(true);
    expect(() => process.kill(pid, 0)).not.toThrow();
    shell.kill('SIGKILL');
  });
});
