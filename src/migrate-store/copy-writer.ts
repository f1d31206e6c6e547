/** Writes a half copy: in few commits where the run is small, and in many where it would not fit into memory. */
import { RunExistsError } from '../errors.ts';
import type { CheckpointRow, Row, StoredRun } from '../store.ts';
import { halfHead } from './half-copy.ts';
import type { Side } from './side.ts';

/** From so much on, what was read is written: UTF-16 code units and bytes, and records. */
const FULL = 1_000_000;
const MANY = 500;

// In milliseconds: the tombstone of a half copy that was taken away is gone soon.
const AGAIN = 5;
const PATIENCE = 1_000;

export class CopyWriter {
  #checkpoints: CheckpointRow[] = [];
  #put: Row[] = [];
  #size = 0;
  /** The seq of the newest checkpoint that is written. */
  #seq = 0;
  #isCreated = false;

  constructor(
    private readonly to: Side,
    private readonly stored: StoredRun,
    /** That of the original, so that what is outside sees it rise over the migration, too. */
    readonly fence: number,
  ) {}

  async checkpoint(row: CheckpointRow): Promise<void> {
    this.#checkpoints.push(row);
    await this.#added(row.header.length + row.body.length);
  }

  async put(row: Row): Promise<void> {
    this.#put.push(row);
    await this.#added(row.value.length);
  }

  async #added(size: number): Promise<void> {
    this.#size += size;
    if (this.#size >= FULL || this.#checkpoints.length + this.#put.length >= MANY) await this.flush();
  }

  /** Throws `RunExistsError` where the id is taken, or its tombstone stands. */
  async flush(): Promise<void> {
    const { run } = this.stored;
    const checkpoints = this.#checkpoints;
    const put = this.#put;
    this.#checkpoints = [];
    this.#put = [];
    this.#size = 0;
    const expect = checkpoints.length > 0 ? this.#seq : undefined;
    const commit = { run, fence: this.fence, expect, checkpoints, put };
    this.#seq = checkpoints.at(-1)?.seq ?? this.#seq;
    if (this.#isCreated) {
      await this.to.write(commit);
      return;
    }
    this.#isCreated = true;
    const first = { ...commit, create: true, expect: 0, head: halfHead(this.stored) };
    for (const until = performance.now() + PATIENCE; !(await this.to.write(first));) {
      if (performance.now() > until) throw new RunExistsError(run);
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}
