/**
 * What `sealed()` loads: seals on the way in, opens on the way out, and leaves all else to the store inside.
 *
 * @module
 */
import { SavepointError, StoreError } from '../errors.ts';
import type {
  Acquired,
  Awaitable,
  CheckpointRow,
  CheckpointSummary,
  Enqueued,
  HistoryScan,
  Message,
  Outcome,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  RunScan,
  Store,
  StoredQuestion,
  StoredRun,
} from '../store.ts';
import type { Keys } from './keys.ts';
import type { Place } from './place.ts';
import { open, seal } from './record.ts';

export { makeKeys } from './keys.ts';

/** The outcome of a commit that could not be sealed. */
type Refused = Extract<Outcome, { status: 'failed' }>;

export class SealedStore {
  /** Settles when the last write was handed to the store inside. */
  #handed: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly keys: Keys,
  ) {}

  lease(owner: string, ms: number): Promise<void> {
    return this.#inOrder(undefined, () => this.store.lease(owner, ms));
  }

  acquire(run: string, owner: string): Promise<Acquired> {
    return this.#inOrder(undefined, () => this.store.acquire(run, owner));
  }

  /** All records of all runs are sealed side by side. */
  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    const sealing = Promise.all(batch.map((commit) => this.#sealed(commit)));
    const outcomes = await this.#inOrder(sealing, (all) => {
      const commits = all.filter(isCommit);
      return commits.length > 0 ? this.store.commit(commits) : [];
    });
    let at = 0;
    const opened = async (one: RunCommit | Refused): Promise<Outcome> =>
      isCommit(one) ? this.#opened(one.run, outcomes[at++]!) : one;
    return Promise.all((await sealing).map(opened));
  }

  async load(run: string, at?: number): Promise<CheckpointRow[]> {
    return Promise.all(
      (await this.store.load(run, at)).map(async (row) => {
        const [header, body] = await Promise.all([
          this.#open(['header', run, row.seq, row.base], row.header),
          this.#open(['body', run, row.seq, row.base], row.body),
        ]);
        return { ...row, header, body };
      }),
    );
  }

  async enqueue(
    run: string,
    { id, value }: Message,
    unless?: { readonly kind: RowKind; readonly key: string },
  ): Promise<Enqueued> {
    const answer = await this.#inOrder(this.#seal(['message', run, id], value), (sealed) =>
      this.store.enqueue(run, { id, value: sealed }, unless),
    );
    if (answer.status !== 'known') return answer;
    try {
      return { status: 'known', value: await this.#open(['message', run, id], answer.value) };
    } catch (error) {
      if (!unless) throw error;
      // Which of the two is known is not said.
      return {
        status: 'known',
        value: await this.#open(['row', run, unless.kind, unless.key], answer.value),
      };
    }
  }

  async rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    return Promise.all(
      (await this.store.rows(run, kind, scan)).map(async ({ key, value }) => {
        const place: Place = kind === 'inbox' ? ['message', run, key] : ['row', run, kind, key];
        return { key, value: await this.#open(place, value) };
      }),
    );
  }

  async questions(scan: QuestionScan): Promise<StoredQuestion[]> {
    return Promise.all(
      (await this.store.questions(scan)).map(async (question) => {
        const { id, run, value, damage } = question;
        return damage
          ? question
          : { ...question, ...(await this.#listed('value', ['question', run, id], value)) };
      }),
    );
  }

  async runs(scan: RunScan): Promise<StoredRun[]> {
    return Promise.all(
      (await this.store.runs(scan)).map(async (stored) => {
        const { run, more, damage } = stored;
        return damage ? stored : { ...stored, ...(await this.#listed('more', ['head', run], more)) };
      }),
    );
  }

  async history(run: string, scan: HistoryScan): Promise<CheckpointSummary[]> {
    return Promise.all(
      (await this.store.history(run, scan)).map(async (row) => {
        const { seq, base, header, damage } = row;
        return damage
          ? row
          : { ...row, ...(await this.#listed('header', ['header', run, seq, base], header)) };
      }),
    );
  }

  close(): Promise<void> {
    return this.#inOrder(undefined, () => this.store.close());
  }

  // --- Order

  /**
   * Hands writes to the store inside in the order in which they were made, however long each takes to be sealed: a lease
   * that is given up must not overtake the last commit under it.
   */
  async #inOrder<P, T>(prepared: P | Promise<P>, hand: (prepared: P) => Awaitable<T>): Promise<T> {
    const before = this.#handed;
    let handed!: () => void;
    const mine = new Promise<void>((resolve) => (handed = resolve));
    this.#handed = before.then(() => mine);
    try {
      const [ready] = await Promise.all([prepared, before]);
      return hand(ready);
    } finally {
      // Not when it is answered: a slow answer holds nothing up.
      handed();
    }
  }

  // --- Records

  #seal<T extends string | Uint8Array>(place: Place, value: T): Promise<T> {
    return seal(this.keys, place, value);
  }

  #open<T extends string | Uint8Array>(place: Place, value: T): Promise<T> {
    return open(this.keys, place, value);
  }

  /** In a list one that cannot be read says so, and the others are well. */
  async #listed<K extends string>(
    name: K,
    place: Place,
    value: string,
  ): Promise<Record<K, string> & { damage?: Error }> {
    try {
      return { [name]: await this.#open(place, value) } as Record<K, string>;
    } catch (error) {
      return { [name]: '', damage: error as Error } as Record<K, string> & { damage: Error };
    }
  }

  /** What cannot be sealed fails alone. */
  async #sealed(commit: RunCommit): Promise<RunCommit | Refused> {
    const { run, head, checkpoints, put, ask } = commit;
    try {
      const [more, rows, values, questions] = await Promise.all([
        head && this.#seal(['head', run], head.more),
        checkpoints && Promise.all(checkpoints.map((row) => this.#sealedCheckpoint(run, row))),
        put && Promise.all(put.map(({ kind, key, value }) => this.#seal(['row', run, kind, key], value))),
        ask && Promise.all(ask.map(({ id, value }) => this.#seal(['question', run, id], value))),
      ]);
      return {
        ...commit,
        head: head && { ...head, more: more! },
        checkpoints: rows,
        put: put?.map((row, at) => ({ ...row, value: values![at]! })),
        ask: ask?.map((question, at) => ({ ...question, value: questions![at]! })),
      };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `What run '${run}' commits cannot be sealed: ${reason}.`;
      return { status: 'failed', error: new StoreError(message, 'failed', { cause }), retry: false };
    }
  }

  async #sealedCheckpoint(run: string, row: CheckpointRow): Promise<CheckpointRow> {
    const { seq, base } = row;
    const [header, body] = await Promise.all([
      this.#seal(['header', run, seq, base], row.header),
      this.#seal(['body', run, seq, base], row.body),
    ]);
    return { ...row, header, body };
  }

  async #opened(run: string, outcome: Outcome): Promise<Outcome> {
    if (outcome.status !== 'taken') return outcome;
    const { id, value } = outcome.message;
    try {
      return { status: 'taken', message: { id, value: await this.#open(['message', run, id], value) } };
    } catch (error) {
      if (!SavepointError.isInstance(error)) throw error;
      return { status: 'failed', error, retry: false };
    }
  }
}

const isCommit = (one: RunCommit | Refused): one is RunCommit => 'run' in one;
