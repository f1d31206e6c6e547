/**
 * Notifications of messages, as a hint that somebody looks sooner.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { listenForErrors, type PostgresPool, type PostgresPoolClient } from './client.ts';
import { unordered } from './text.ts';

/** How long to wait before a connection is made again that was lost, in milliseconds. */
const firstPause = 100;
const lastPause = 5000;

/** A name of a channel is short and is folded to lower case. */
export function channelOf(schema: string): string {
  return `savepoint_${createHash('sha256').update(schema).digest('hex').slice(0, 32)}`;
}

/** A client that listens. */
interface ListeningClient extends PostgresPoolClient {
  on(event: string, listener: (message: { channel: string; payload?: string }) => void): unknown;
  unref?(): void;
}

/** One connection for all who listen, for as long as somebody does. */
export class Listening {
  readonly #wakers = new Set<(run: string) => void>();
  #client: ListeningClient | undefined;
  #connecting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly pool: PostgresPool,
    readonly channel: string,
  ) {}

  /** Resolves when it listens, or when the server could not be reached: then that is tried again and again. */
  async listen(wake: (run: string) => void): Promise<() => void> {
    this.#wakers.add(wake);
    await this.#connect();
    return () => {
      this.#wakers.delete(wake);
      if (this.#wakers.size === 0) this.close();
    };
  }

  close(): void {
    this.#wakers.clear();
    clearTimeout(this.#timer);
    // It still listens: nobody else shall get it from the pool.
    this.#client?.release(true);
    this.#client = undefined;
  }

  #connect(pause: number = firstPause): Promise<void> {
    if (this.#client !== undefined) return Promise.resolve();
    this.#connecting ??= this.#open(pause).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(pause: number): Promise<void> {
    let client: ListeningClient | undefined;
    try {
      client = (await this.pool.connect()) as ListeningClient;
      listenForErrors(client);
      const mine = client;
      mine.on('notification', ({ channel, payload = '' }) => {
        if (channel === this.channel) for (const wake of this.#wakers) wake(unordered(payload));
      });
      mine.on('end', () => this.#lost(mine));
      await mine.query(`LISTEN ${this.channel}`);
      // It alone keeps no process from ending.
      mine.unref?.();
      if (this.#wakers.size === 0) return mine.release(true);
      this.#client = mine;
    } catch {
      client?.release(true);
      this.#later(pause);
    }
  }

  #lost(client: ListeningClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.release(true);
    this.#later(firstPause);
  }

  #later(pause: number): void {
    clearTimeout(this.#timer);
    if (this.#wakers.size === 0) return;
    this.#timer = setTimeout(() => void this.#connect(Math.min(lastPause, pause * 2)), pause).unref();
  }
}
