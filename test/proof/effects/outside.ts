/** The outside world of the orders: what was done there, in order, as a process of its own has it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What a worker says that it does. */
export interface Deed {
  readonly what: 'step' | 'action';
  /** It begins, or is over: what a killed worker left has no end. */
  readonly at: 'begin' | 'end';
  readonly run: string;
  /** The step's or the action's name. */
  readonly name: string;
  readonly effectId: string;
  /** Which try of the step it is, or of the run to do the action. */
  readonly attempt: number;
  /** The answers that the order had then. */
  readonly answers: readonly string[];
}

/** A deed with the worker that did it, and when, in milliseconds since 1970. */
export interface Entry extends Deed {
  readonly life: number;
  readonly time: number;
}

export interface Outside {
  /** Where workers find it. */
  readonly port: number;
  /** All that was acknowledged so far, and what a worker said in its last moment. */
  read(): Entry[];
  /** How many entries there are. */
  count(): number;
  /** For how many orders a deed is written down, be it once or several times. */
  ordersWith(name: string, at: Deed['at']): number;
  end(): Promise<void>;
}

const newline = 10;

/** Starts the process. It appends to `path`. */
export async function startOutside(path: string): Promise<Outside> {
  const child = fork(fileURLToPath(new URL('outside-process.ts', import.meta.url)), [path]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const read = (): Entry[] => readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parse);
  return {
    port,
    read,
    count: () => readFileSync(path).filter((byte) => byte === newline).length,
    ordersWith: (name, at) =>
      new Set(read().flatMap((entry) => (entry.name === name && entry.at === at ? [entry.run] : []))).size,
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const parse = (line: string): Entry => JSON.parse(line) as Entry;

/** A worker's way there: resolves when the deed is written down. */
export function reachOutside(port: number, life: number): (deed: Deed) => Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  const waiting: (() => void)[] = [];
  // One byte for each line, in their order.
  socket.on('data', (acknowledged) => {
    for (const written of waiting.splice(0, acknowledged.length)) written();
  });
  return (deed) =>
    new Promise((written) => {
      waiting.push(written);
      socket.write(`${JSON.stringify({ ...deed, life, time: Date.now() } satisfies Entry)}\n`);
    });
}
