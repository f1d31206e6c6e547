/**
 * The connection on which the store runs its scripts.
 *
 * @module
 */
import type { Arg, Reply } from './bytes.ts';
import { connect, type RedisClient, type Wire } from './driver.ts';
import { codeOf, ConnectionError, isNotReady } from './failure.ts';
import { patience } from './patience.ts';
import type { Script } from './script.ts';

/** Between two attempts, in milliseconds. */
const pause = 20;

/**
 * A connection of the store's own, made with the first call. What waits for it waits here and not in the
 * driver: so nothing is sent when its caller has given up, and it is known what was sent at all.
 */
export class Connection {
  #wire: Wire | undefined;
  #problem: unknown;
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly client: RedisClient,
    readonly prefix: string,
  ) {}

  /** Runs a script over the keys of the store. Rejects with a `ConnectionError` or what the server says. */
  async run({ text, sha, isRepeatable }: Script, args: readonly Arg[]): Promise<Reply> {
    const keys = ['1', `${this.prefix}:`];
    try {
      return await this.call(['EVALSHA', sha, ...keys, ...args], isRepeatable);
    } catch (error) {
      // A server that was started anew has forgotten it.
      if (codeOf(error) !== 'NOSCRIPT') throw error;
      return this.call(['EVAL', text, ...keys, ...args], isRepeatable);
    }
  }

  /** Sends a command, and again where that is safe. */
  async call(command: readonly [string, ...Arg[]], isRepeatable: boolean): Promise<Reply> {
    const deadline = performance.now() + patience;
    for (;;) {
      const wire = await this.#ready(deadline);
      try {
        return (await wire.send(command)) as Reply;
      } catch (error) {
        const isLost = codeOf(error) === undefined;
        if (performance.now() > deadline || !(isLost ? isRepeatable : isNotReady(error))) {
          throw isLost ? lost(error, !isRepeatable) : error;
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  close(): void {
    this.#wire?.destroy();
    this.#wire = undefined;
  }

  async #ready(deadline: number): Promise<Wire> {
    if (this.#wire?.isOver !== false) {
      this.#wire = connect(this.client, 'commands', {
        ready: () => this.#wake(),
        failed: (error) => (this.#problem = error),
      });
    }
    const wire = this.#wire;
    while (!wire.isReady) {
      const left = deadline - performance.now();
      if (left <= 0 || wire.isOver) throw this.#unreachable();
      await this.#change(left);
    }
    return wire;
  }

  /** Resolves when the connection is there, and after `ms` milliseconds. */
  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }

  #unreachable(): ConnectionError {
    const reason = this.#problem instanceof Error ? `: ${reasonOf(this.#problem)}` : '';
    return new ConnectionError(
      `there is no connection to the server${reason}; see to it that it runs, and try again`,
      false,
      { cause: this.#problem },
    );
  }
}

function lost(cause: unknown, isUnknown: boolean): ConnectionError {
  const reason = cause instanceof Error ? `: ${reasonOf(cause)}` : '';
  return new ConnectionError(`the connection was lost before the answer came${reason}`, isUnknown, { cause });
}

/** Where several addresses were tried, the error of the whole has no message. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join(', ') : error.message;
}
