import type { Bindable } from './driver.ts';

/** Conditions joined by AND, with the values of their parameters. */
export class Conditions {
  readonly #texts: string[] = [];
  readonly values: Bindable[] = [];

  add(text: string, ...values: readonly Bindable[]): this {
    this.#texts.push(text);
    this.values.push(...values);
    return this;
  }

  get text(): string {
    return this.#texts.join(' AND ') || 'TRUE';
  }
}
