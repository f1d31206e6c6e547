/** A contender in a process of its own, so that none has to do with another's heap. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { From } from './subject.ts';

/** What such a process says of itself: that it is ready, with the versions of its packages, or why it is not. */
export type Said = { readonly ready: readonly string[] } | { readonly failed: string };

/** Starts them, by their names. Where one that is not ours cannot be had, it says why, and the rest are measured. */
export async function startContenders<TName extends string>(
  script: URL,
  names: readonly TName[],
  from: From,
  isOurs: (name: TName) => boolean,
): Promise<ReadonlyMap<TName, ChildProcess>> {
  const processes = new Map<TName, ChildProcess>();
  for (const name of names) {
    const started = await startContender(script, name, from, !isOurs(name));
    if (started) processes.set(name, started);
  }
  return processes;
}

async function startContender(
  script: URL,
  name: string,
  from: From,
  mayBeMissing: boolean,
): Promise<ChildProcess | undefined> {
  const child = fork(fileURLToPath(script), [name, from], {
    // LangGraph.js listens to one signal for each node of a fan, and Node would complain each time.
    execArgv: ['--no-warnings', '--import', import.meta.resolve('tsx')],
  });
  const answer = await answerOf<Said>(child);
  if ('ready' in answer) {
    if (answer.ready.length > 0) console.log(`${name}: ${answer.ready.join(', ')}`);
    return child;
  }
  child.disconnect();
  if (!mayBeMissing) throw new Error(`${name}: ${answer.failed}`);
  console.log(`${name} is not measured: ${answer.failed}`);
  return undefined;
}

/** What it says to a question. */
export function askContender<TAnswer>(
  child: ChildProcess,
  question: object,
): Promise<TAnswer | { readonly failed: string }> {
  child.send(question);
  return answerOf(child);
}

async function answerOf<TAnswer>(child: ChildProcess): Promise<TAnswer | { readonly failed: string }> {
  const [answer] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => [{ failed: `its process ended with ${code}` }]),
  ])) as [TAnswer | { readonly failed: string }];
  return answer;
}
