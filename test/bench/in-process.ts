/** A script in a process of its own, which says one thing and ends. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What it says, once it has ended: it clears away its files first. With the flags of this process unless told otherwise. */
export async function inProcess<TSaid>(
  script: URL,
  args: readonly string[],
  execArgv: string[] = process.execArgv,
): Promise<TSaid> {
  const child = fork(fileURLToPath(script), args, { execArgv });
  const ended = once(child, 'exit');
  const [said] = (await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`Measuring ${args.join(', ')} ended with ${code}.`))),
  ])) as [TSaid];
  await ended;
  return said;
}
