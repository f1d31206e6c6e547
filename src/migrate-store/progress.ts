/** Counts what is copied, and tells of it now and then. */
import type { MigrateOptions, MigrationReport } from './migrate-options.ts';

// In milliseconds: how often to tell, and how long to go without letting anything else happen.
const TELL = 100;
const BREATHE = 20;

type Counts = { -readonly [K in keyof MigrationReport]: number };

export class Progress {
  readonly counts: Counts = {
    runs: 0,
    skipped: 0,
    checkpoints: 0,
    rows: 0,
    messages: 0,
    questions: 0,
    bytes: 0,
  };
  #told = 0;
  #breathed = performance.now();

  constructor(private readonly options: MigrateOptions) {}

  get report(): MigrationReport {
    return { ...this.counts };
  }

  /** Something was copied. Two stores that answer at once would let no timer run: that of the lease, say. */
  async step(): Promise<void> {
    const now = performance.now();
    if (now - this.#told >= TELL) {
      this.#told = now;
      this.#tell(this.options.progress?.isTTY === true);
    }
    if (now - this.#breathed < BREATHE) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#breathed = performance.now();
  }

  /** It is over, well or not. */
  end(): void {
    this.#tell(true);
    this.options.progress?.write('\n');
  }

  #tell(draw: boolean): void {
    const { onProgress, progress } = this.options;
    onProgress?.(this.report);
    // To the beginning of the line, and nothing left of the one before.
    if (draw) progress?.write(progress.isTTY ? `\r${this.#line()}\u001b[K` : this.#line());
  }

  /** Short, as a line that is wrapped cannot be drawn anew. */
  #line(): string {
    const { runs, skipped, checkpoints, bytes } = this.counts;
    const there = skipped > 0 ? ` (${skipped} were there)` : '';
    return `${runs} runs copied${there}, ${checkpoints} checkpoints, ${(bytes / 1e6).toFixed(1)} MB`;
  }
}
