/** Delivers what others leave for the runs that a runtime holds: as soon as the store can tell, and every so often. */
import type { RunCore } from '../run/run-core.ts';
import type { RuntimeContext } from '../runtime-context.ts';
import { unref } from '../unref.ts';

const PAGE = 200;

export class InboxWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  /** Ends the hints of the store. */
  readonly #listening: Promise<() => unknown>;
  #looked: 'well' | 'badly' | 'not yet' = 'well';
  #looking: Promise<void> | undefined;

  /** Looks every `poll` milliseconds, until `end()`. `find` gives a run that is held here. */
  constructor(
    private readonly context: RuntimeContext,
    poll: number,
    private readonly find: (run: string) => RunCore | undefined,
  ) {
    const look = (): void => {
      this.#looking = this.#look();
    };
    this.#timer = unref(setInterval(look, poll));
    this.#listening = this.#listen();
  }

  /** Where the store tells of messages, nobody has to wait for the next look. */
  async #listen(): Promise<() => unknown> {
    try {
      return (await this.context.store.listen?.((run) => this.find(run)?.drainIfIdle())) ?? (() => {});
    } catch (error) {
      this.context.logger('Savepoint looks for messages by itself, as the store cannot tell of them.', error);
      return () => {};
    }
  }

  async #look(): Promise<void> {
    const before = this.#looked;
    if (before === 'not yet') return this.#looking;
    this.#looked = 'not yet';
    try {
      const { store, lease } = this.context;
      const waiting = await store.runs({ owner: lease.owner, undelivered: true, limit: PAGE });
      // Not waited for: one whose messages take their time must not hold up the others.
      for (const { run } of waiting) this.find(run)?.drainIfIdle();
      this.#looked = 'well';
    } catch (error) {
      if (before === 'well')
        this.context.logger('Savepoint could not look for messages; it is tried again.', error);
      this.#looked = 'badly';
    }
  }

  /** Resolves when it asks the store nothing any more. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listening.then((end) => end()).catch(this.context.logger);
    await this.#looking;
  }
}
