/** How stores are migrated, and what is told of it. */

/** What was copied so far. */
export interface MigrationReport {
  /** Runs that were copied. */
  readonly runs: number;
  /** Runs that were there already, and are equal. */
  readonly skipped: number;
  readonly checkpoints: number;
  /** Rows beside the checkpoints: receipts, steps, blobs, actions, answers. */
  readonly rows: number;
  /** Messages that wait for runs. */
  readonly messages: number;
  /** Open questions. */
  readonly questions: number;
  /** What all that holds, in UTF-16 code units of text and bytes of blobs. */
  readonly bytes: number;
}

/** A terminal, as far as it is used: `process.stderr`. */
export interface ProgressStream {
  write(text: string): unknown;
  /** Is somebody looking? Where not, the last line alone is written. */
  readonly isTTY?: boolean | undefined;
}

/** How to tell of what is copied. */
export interface MigrateOptions {
  /** Called a few times a second. */
  readonly onProgress?: ((report: MigrationReport) => void) | undefined;
  /** Draws one line that tells how far it is: `process.stderr`. */
  readonly progress?: ProgressStream | undefined;
}
