/**
 * How many promises of a suite were checked.
 *
 * @module
 */

/** Counts the cases of one store. */
export class Tally {
  #kept = 0;
  #broken = 0;
  /** Why cases were skipped, to how many. */
  readonly #skipped = new Map<string, number>();

  constructor(readonly name: string) {}

  /** Runs a case and counts what became of it. */
  async count(run: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      const reason = await run();
      if (reason === undefined) this.#kept++;
      else this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
      return reason;
    } catch (error) {
      this.#broken++;
      throw error;
    }
  }

  /** `the memory store: 180 promises kept, 21 skipped (20: capabilities.shared is false; …)`. */
  print(): void {
    const { name } = this;
    const skipped = [...this.#skipped.values()].reduce((sum, count) => sum + count, 0);
    const reasons = [...this.#skipped].map(([reason, count]) => `${count}: ${reason}`).join('; ');
    const parts = [
      `${this.#kept} promises kept`,
      ...(this.#broken > 0 ? [`${this.#broken} broken`] : []),
      ...(skipped > 0 ? [`${skipped} skipped (${reasons})`] : []),
    ];
    // oxlint-disable-next-line no-console -- whoever runs the suite is to see what it has not looked at
    console.log(`${name}: ${parts.join(', ')}`);
  }
}
