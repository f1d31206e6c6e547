/** The suite on `node:test`, in a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';

// Each of them starts a process that runs all cases.
vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program and gives what it says, whether it goes well or not. */
async function output(...args: readonly string[]): Promise<{ stdout: string; code: number }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
    return { stdout, code: 0 };
  } catch (error) {
    const { stdout, code } = error as { stdout: string; code: number };
    return { stdout, code };
  }
}

const onNode = ['--import', 'tsx', '--test', '--test-reporter=tap', 'test/conformance/run.ts'];

test('the suite runs on node:test, says what it skipped and why, and counts', async () => {
  const { stdout, code } = await output(...onNode);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('ok 1 - is there afterwards with all that it holds');
  expect(stdout).toMatch(/# SKIP capabilities\.shared is false/);
  expect(stdout).toMatch(
    /# the memory store: \d+ promises kept, \d+ skipped \(\d+: capabilities\.shared is false/,
  );
  expect(stdout).toMatch(/^# pass [1-9]\d\d$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});

test('a broken promise fails the run on node:test, with what was expected and what came', async () => {
  const program = `
    import { memoryStore } from './adapters/memory.ts';
    import { testStore } from './adapters/conformance/index.ts';
    testStore('a forgetful store', () => Object.assign(memoryStore(), { history: () => [] }));`;
  const { stdout, code } = await output('--import', 'tsx', '--input-type=module', '--eval', program);
  expect(code).toBe(1);
  expect(stdout).toContain('not ok 1 - goes from old to new, and has no more than is asked for');
  expect(stdout).toContain('{"limit":99}: expected [1,2,3,4,5,6,7,8,9], got []');
  expect(stdout).toMatch(/^a forgetful store: \d+ promises kept, \d+ broken, \d+ skipped/m);
});

test('outside of a test runner the suite can be imported', async () => {
  const program = "await import('./adapters/conformance/index.ts'); console.log('imported')";
  const { stdout, code } = await output('--import', 'tsx', '--input-type=module', '--eval', program);
  expect({ stdout, code }).toEqual({ stdout: 'imported\n', code: 0 });
});
