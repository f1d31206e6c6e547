/** Conditions joined by AND, with the values of their parameters. */
export class Conditions {
  readonly #texts: string[] = [];

  /** Several sets of conditions in one statement number their parameters in one list. */
  constructor(readonly values: unknown[] = []) {}

  /** A `?` in the text stands for each value. */
  add(text: string, ...values: readonly unknown[]): this {
    let at = 0;
    this.#texts.push(text.replaceAll('?', () => this.param(values[at++])));
    return this;
  }

  /** The placeholder of a value that is needed behind the conditions. */
  param(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get text(): string {
    return this.#texts.join(' AND ') || 'TRUE';
  }
}
