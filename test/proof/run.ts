/**
 * `npm run proof`: what the library promises, shown at length, each proof in a process of its own.
 *
 * - `--full` runs each at its full count, `--brief` at a twentieth of it, else a fifth;
 * - `--only <name>` runs one of them;
 * - `--local` starts no servers: what needs one is skipped.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Message } from './child.ts';

const names = [
  'scxml',
  'oracle',
  'kills',
  'two-processes',
  'effects',
  'answers',
  'pauses',
  'flows',
  'map',
  'agents',
  'fleet',
];

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    only: { type: 'string' },
    local: { type: 'boolean', default: false },
  },
});
const length = values.full ? 'full' : values.brief ? 'twentieth' : 'fifth';
const where = values.local ? 'local' : 'servers';
/** Run by its name, or at full length: it takes minutes on each of its grounds. */
const atLengthOnly: ReadonlySet<string> = new Set(['fleet']);

/** A proof that hangs fails alone. */
const minutes = values.full ? 40 : 10;

interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly figure: string;
  readonly seconds: number;
}

if (values.only !== undefined && !names.includes(values.only)) {
  console.error(`There is no proof '${values.only}', only ${names.join(', ')}.`);
  process.exit(1);
}
const results: Result[] = [];
const chosen = names.filter((name) => values.full || !atLengthOnly.has(name));
for (const name of values.only === undefined ? chosen : [values.only]) {
  if (existsSync(new URL(`${name}/proof.ts`, import.meta.url))) results.push(await prove(name));
  else console.log(`${name}: not written yet`);
}

console.log();
const width = Math.max(...names.map(({ length }) => length));
for (const { name, passed, figure, seconds } of results)
  console.log(
    `${name.padEnd(width)}  ${passed ? 'passed' : 'FAILED'}  ${String(seconds).padStart(5)} s  ` +
      figure.replaceAll('\n', `\n${' '.repeat(width + 19)}`),
  );
const failed = results.filter(({ passed }) => !passed).length;
console.log(`\n${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function prove(name: string): Promise<Result> {
  console.log(`${name}: begins`);
  const began = performance.now();
  // A group of its own, so that the processes that it starts end with it.
  const program = fileURLToPath(new URL('child.ts', import.meta.url));
  const child = fork(program, [name, length, where], { detached: true });
  const interrupted = (): void => {
    end(child);
    process.exit(1);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const outcome = await outcomeOf(child, name);
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  end(child);
  return { name, ...outcome, seconds: Math.round((performance.now() - began) / 1000) };
}

function outcomeOf(child: ChildProcess, name: string): Promise<{ passed: boolean; figure: string }> {
  return new Promise((resolve) => {
    const fail = (figure: string): void => resolve({ passed: false, figure });
    const limit = setTimeout(() => fail(`not at its end after ${minutes} minutes`), minutes * 60_000);
    child.on('message', (message: Message) => {
      if ('line' in message) console.log(`${name}: ${message.line}`);
      else resolve(message);
    });
    child.on('error', ({ message }) => fail(message));
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      fail(`ended early, with ${signal ?? code}`);
    });
  });
}

/** Ends the processes of a proof, whatever they are doing. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // All of them are gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
