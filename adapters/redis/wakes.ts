/**
 * `listen`: who has left something for a run, told over a channel.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Arg } from './bytes.ts';
import { unpack } from './bytes.ts';
import { connect, type RedisClient, type Wire } from './driver.ts';
import { ConnectionError } from './failure.ts';
import { unordered } from './order.ts';
import { patiently } from './patience.ts';

/** The channel of a store, and the connections that listen to it. */
export class Wakes {
  /** Begins each message, so that nobody is woken by themselves. */
  readonly #self = randomBytes(8).toString('hex');
  readonly #wires = new Set<Wire>();
  readonly #channel: string;
  /** What a script needs to tell the others. */
  readonly teller: readonly [channel: Arg, self: Arg];

  constructor(
    readonly client: RedisClient,
    prefix: string,
  ) {
    this.#channel = `${prefix}:wake`;
    this.teller = [this.#channel, this.#self];
  }

  /** Resolves when it listens. The driver listens again after a lost connection; what was told meanwhile is lost. */
  async listen(wake: (run: string) => void): Promise<() => void> {
    let problem: unknown;
    const wire = connect(this.client, 'messages', {
      ready: () => {},
      failed: (error) => (problem = error),
    });
    this.#wires.add(wire);
    const end = (): void => {
      if (this.#wires.delete(wire)) wire.destroy();
    };
    const heard = (message: Buffer): void => {
      const sender = message.toString('latin1', 0, this.#self.length);
      if (sender === this.#self || !this.#wires.has(wire)) return;
      for (const run of unpack(message.subarray(this.#self.length)) ?? []) wake(unordered(run));
    };
    try {
      await patiently(
        wire.subscribe(this.#channel, heard),
        () => new ConnectionError('there is no connection to listen on', false, { cause: problem }),
      );
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  close(): void {
    for (const wire of this.#wires) wire.destroy();
    this.#wires.clear();
  }
}
