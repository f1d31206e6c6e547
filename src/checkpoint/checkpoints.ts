/**
 * The rows of one run as they are written: a base now and then, and what changed in between.
 *
 * A new base is due when the rows since the last one outweigh it. Bases then double in size while the
 * state grows, so that all that is ever written is a small multiple of it, and opening a run never reads
 * more than twice its state.
 */
import { SnapshotTooLargeError } from '../errors.ts';
import type { CheckpointRow, Row } from '../store.ts';
import type { Codec } from './codec.ts';
import type { Patch } from './delta.ts';
import { encodeRich, type CheckpointCause, type Definition } from './envelope.ts';

// Below this many characters of changes a base would cost more than it saves.
const LIGHT = 6144;
/** So many bytes has a character at most. */
const MOST_BYTES = 3;

/** Where a whole document comes from. */
export interface DocumentSource {
  document(): unknown;
  /** Does what was captured last hold rich values? */
  readonly rich: boolean;
}

/** How large the state of a run may be. */
export interface SnapshotLimit {
  readonly run: string;
  readonly bytes: number;
}

/** Blobs that a row brings, and that it makes superfluous. */
export interface BlobChanges {
  readonly put: readonly Row[];
  readonly drop: readonly Pick<Row, 'kind' | 'key'>[];
}

export class Checkpoints {
  #last: { readonly cause: CheckpointCause; readonly value: unknown; readonly header: string } | undefined;
  #baseLength = 0;
  #sinceBase = 0;
  #baseIsDue = true;
  #blobs: Map<string, Uint8Array> | undefined;
  #stored: Set<string> | undefined;
  /** The blobs that rows referred to since others may have been freed. */
  #brought: Set<string> | undefined;

  constructor(
    private readonly codec: Codec,
    private readonly definition: Definition,
    private readonly source: DocumentSource,
    private readonly limit: SnapshotLimit,
  ) {}

  /** Goes on from rows that were read, and the blobs that they refer to. `changed`: the definition is another one, so the next is a base. */
  continueFrom(rows: readonly CheckpointRow[], blobs: ReadonlySet<string>, changed: boolean): void {
    this.#stored = blobs.size > 0 ? new Set(blobs) : undefined;
    this.#baseLength = rows[0]?.body.length ?? 0;
    this.#sinceBase = rows.slice(1).reduce((sum, row) => sum + row.body.length, 0);
    this.#baseIsDue = changed;
  }

  /** The row of a turn that ended. `value`: the root's state value. */
  row(
    seq: number,
    time: number,
    cause: CheckpointCause,
    value: unknown,
    patches: readonly Patch[],
    rich: boolean,
  ): CheckpointRow {
    if (!this.#baseIsDue) {
      const body = this.#encode(patches, rich);
      const since = this.#sinceBase + body.length;
      // Near the limit only a base tells how large the state is.
      const isSmall = (this.#baseLength + since) * MOST_BYTES <= this.limit.bytes;
      if (since <= Math.max(this.#baseLength, LIGHT) && isSmall) {
        this.#sinceBase = since;
        return { seq, base: false, time, header: this.#header(cause, value, false), body };
      }
    }
    return this.#base(seq, time, cause, value);
  }

  /** One row in place of several that were never written. */
  merge(rows: readonly CheckpointRow[], value: unknown): CheckpointRow {
    const last = rows.at(-1)!;
    if (rows.length === 1) return last;
    const { seq, time } = last;
    const cause = (JSON.parse(last.header) as { cause: CheckpointCause }).cause;
    if (rows.some((row) => row.base || !row.body.startsWith('['))) return this.#base(seq, time, cause, value);
    const changes = rows.map(({ body }) => body.slice(1, -1)).filter((body) => body !== '');
    return {
      seq,
      base: false,
      time,
      header: this.#header(cause, value, false),
      body: `[${changes.join(',')}]`,
    };
  }

  /**
   * What has to be stored and freed with the row that was made last. `replace`: blobs that a new base does
   * not refer to are freed.
   */
  takeBlobs(base: boolean, replace: boolean): BlobChanges | undefined {
    const blobs = this.#blobs;
    const frees = base && replace && this.#stored !== undefined;
    if (!blobs && !frees) return undefined;
    const put: Row[] = [];
    const drop: Pick<Row, 'kind' | 'key'>[] = [];
    this.#blobs = undefined;
    for (const [key, value] of blobs ?? []) {
      this.#brought?.add(key);
      if (!this.#stored?.has(key)) put.push({ kind: 'blob', key, value });
    }
    if (frees)
      for (const key of this.#stored ?? []) {
        if (blobs?.has(key)) continue;
        this.#stored?.delete(key);
        drop.push({ kind: 'blob', key });
      }
    return { put, drop };
  }

  /** These rows were committed. */
  stored(rows: readonly Row[] = []): void {
    for (const { kind, key } of rows) if (kind === 'blob') (this.#stored ??= new Set()).add(key);
  }

  /** Others may be freed now: from now on a row brings every blob that it refers to. */
  forgetBlobs(): void {
    this.#stored = undefined;
    this.#brought = new Set();
  }

  /** Has a row since then brought this blob? */
  refersTo(hash: string): boolean {
    return this.#brought?.has(hash) ?? false;
  }

  /** What was written last is not what will be there: the next row stands for itself. */
  forget(): void {
    this.#baseIsDue = true;
  }

  #encode(value: unknown, rich: boolean): string {
    return rich ? encodeRich(value, this.codec, (this.#blobs ??= new Map())) : JSON.stringify(value);
  }

  #base(seq: number, time: number, cause: CheckpointCause, value: unknown): CheckpointRow {
    const document = this.source.document();
    const body = this.#encode(document, this.source.rich);
    // Whatever its size, a run can be ended.
    if (cause.type !== 'cancel') this.#checkSize(body);
    this.#baseLength = body.length;
    this.#sinceBase = 0;
    this.#baseIsDue = false;
    return { seq, base: true, time, header: this.#header(cause, value, true), body };
  }

  #checkSize(body: string): void {
    const { run, bytes: limit } = this.limit;
    // Most are far from it, and to measure costs a copy.
    if (body.length * MOST_BYTES <= limit) return;
    const bytes = new TextEncoder().encode(body).length;
    if (bytes <= limit) return;
    this.#blobs = undefined;
    throw new SnapshotTooLargeError(run, bytes, limit);
  }

  #header(cause: CheckpointCause, value: unknown, whole: boolean): string {
    if (whole) return JSON.stringify({ cause, value, definition: this.definition });
    const last = this.#last;
    if (last && last.value === value && isSame(last.cause, cause)) return last.header;
    const header = JSON.stringify({ cause, value });
    this.#last = { cause, value, header };
    return header;
  }
}

const isSame = (a: CheckpointCause, b: CheckpointCause): boolean =>
  a.type === b.type && a.event.type === b.event.type && a.actor === b.actor && a.id === b.id && a.by === b.by;
