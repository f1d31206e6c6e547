/**
 * A statement in the making.
 *
 * @module
 */
import type { Statement } from './connection.ts';

/** A column of a relation that is made of parameters. */
export type Column = readonly [name: string, type: string, values: readonly Value[]];

type Value = string | number | boolean | Uint8Array | null | undefined;

/**
 * From so many characters on, a value is a parameter of its own: in an array it would be copied and
 * searched for quotes, here and at the server.
 */
const longFrom = 8192;

/** A statement has at most 65,535 parameters. */
const mostAlone = 20_000;

/** Collects the parameters of a statement. */
export class Sql {
  readonly values: unknown[] = [];
  #isFrequent = true;
  #alone = 0;

  /** The placeholder of a value. */
  param(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Rows of parameters, as a table with an alias: an item of FROM. */
  relation(alias: string, columns: readonly Column[]): string {
    // A plan for many rows depends on how many.
    if (columns.some(([, , values]) => values.length > 1)) this.#isFrequent = false;
    const arrays = columns.map(([, type, values]) => this.#array(type, values));
    return `unnest(${arrays.join(', ')}) AS ${alias} (${columns.map(([name]) => name).join(', ')})`;
  }

  statement(text: string): Statement {
    return { text, values: this.values, isFrequent: this.#isFrequent };
  }

  #array(type: string, values: readonly Value[]): string {
    if (!values.some(isLong) || this.#alone + values.length > mostAlone) {
      return `${this.param(values.map((value) => value ?? null))}::${type}[]`;
    }
    this.#isFrequent = false;
    this.#alone += values.length;
    return `ARRAY[${values.map((value) => `${this.param(value ?? null)}::${type}`).join(', ')}]`;
  }
}

function isLong(value: Value): boolean {
  return typeof value === 'object' ? value !== null : typeof value === 'string' && value.length > longFrom;
}
