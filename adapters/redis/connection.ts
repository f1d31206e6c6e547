/**
 * The connection on which the store runs its scripts.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Arg, Reply } from './bytes.ts';
import { connect, type RedisClient, type Wire } from './driver.ts';
import { codeOf, ConnectionError, isNotReady } from './failure.ts';
import { patience } from './patience.ts';
import type { Script } from './script.ts';

/** Between two attempts, in milliseconds. */
const pause = 20;

/** How long a closed session is remembered, in milliseconds: longer than any network keeps what it carries. */
const closedFor = 60 * 60 * 1000;

type Command = readonly [name: string, ...Arg[]];

/**
 * A connection of the store's own, made with the first call. What waits for it waits here and not in the
 * driver: so nothing is sent when its caller has given up, and it is known what was sent at all.
 *
 * What was under way when the connection was lost may still arrive, after what was sent later. So each
 * script names its session, and before anything else is sent on the next connection the old session is
 * closed: from then on, whatever arrives under its name does nothing.
 */
export class Connection {
  #wire: Wire | undefined;
  #problem: unknown;
  #session: string = newSession();
  #isTorn = false;
  #closing: Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly client: RedisClient,
    readonly prefix: string,
  ) {}

  /** Runs a script over the keys of the store. Rejects with a `ConnectionError` or what the server says. */
  async run({ text, sha, isRepeatable }: Script, args: readonly Arg[]): Promise<Reply> {
    try {
      return await this.#send(() => ['EVALSHA', sha, ...this.#keys, ...args], isRepeatable);
    } catch (error) {
      // A server that was started anew has forgotten it.
      if (codeOf(error) !== 'NOSCRIPT') throw error;
      return this.#send(() => ['EVAL', text, ...this.#keys, ...args], isRepeatable);
    }
  }

  /** What the server tells about itself. */
  info(): Promise<Reply> {
    return this.#send(() => ['INFO'], true);
  }

  close(): void {
    this.#wire?.destroy();
    this.#wire = undefined;
  }

  /** The prefix, and the key that is there when this session is closed. */
  get #keys(): readonly [count: string, prefix: string, closed: string] {
    return ['2', `${this.prefix}:`, `${this.prefix}:closed:${this.#session}`];
  }

  /** Sends a command, and again where that is safe. It is made when it is sent: the session may be a new one then. */
  async #send(command: () => Command, isRepeatable: boolean): Promise<Reply> {
    const deadline = performance.now() + patience;
    for (;;) {
      const wire = await this.#cleared(deadline);
      try {
        return (await wire.send(command())) as Reply;
      } catch (error) {
        const isLost = codeOf(error) === undefined;
        if (isLost) this.#isTorn = true;
        if (performance.now() > deadline || !(isLost ? isRepeatable : isNotReady(error))) {
          throw isLost ? lost(error, !isRepeatable) : error;
        }
        await wait(pause);
      }
    }
  }

  /** A connection, once nothing can arrive that was sent on the one before. */
  async #cleared(deadline: number): Promise<Wire> {
    for (;;) {
      const wire = await this.#ready(deadline);
      if (!this.#isTorn) return wire;
      await (this.#closing ??= this.#closeSession(wire));
      if (this.#isTorn) await wait(pause);
    }
  }

  async #closeSession(wire: Wire): Promise<void> {
    const [, , key] = this.#keys;
    try {
      await wire.send(['SET', key, '', 'PX', String(closedFor)]);
    } catch (error) {
      // Lost again, or too early. What the server refuses for good is a precaution: we go on without it.
      if (codeOf(error) === undefined || isNotReady(error)) return;
    } finally {
      this.#closing = undefined;
    }
    this.#session = newSession();
    this.#isTorn = false;
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

function newSession(): string {
  return randomBytes(8).toString('hex');
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function lost(cause: unknown, isUnknown: boolean): ConnectionError {
  const reason = cause instanceof Error ? `: ${reasonOf(cause)}` : '';
  return new ConnectionError(`the connection was lost before the answer came${reason}`, isUnknown, { cause });
}

/** Where several addresses were tried, the error of the whole has no message. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join(', ') : error.message;
}
