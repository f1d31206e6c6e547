/** The records of a run: changed as one goes along, copied once for each turn and only where they change. */
import type { NodeRecord } from './record.ts';

type Rows = readonly (readonly NodeRecord[])[];

/** So many in a row that a row and the list of rows are equally long: both are copied at a change. */
export function toRows(records: readonly NodeRecord[]): Rows {
  const length = rowLength(records.length);
  const rows: NodeRecord[][] = [];
  for (let at = 0; at < records.length; at += length) rows.push(records.slice(at, at + length));
  return rows;
}

const rowLength = (count: number): number => Math.max(1, Math.ceil(Math.sqrt(count)));

/** The record of a node. */
export const recordAt = (rows: Rows, number: number): NodeRecord => {
  const length = rows[0]!.length;
  return rows[Math.floor(number / length)]![number % length]!;
};

/** A copy of records that is being changed. */
export class Draft {
  #rows: Rows;
  readonly #original: Rows;
  readonly #length: number;

  constructor(rows: Rows) {
    this.#original = this.#rows = rows;
    this.#length = rows[0]?.length ?? 1;
  }

  get(number: number): NodeRecord {
    return this.#rows[Math.floor(number / this.#length)]![number % this.#length]!;
  }

  set(number: number, record: NodeRecord): void {
    const at = Math.floor(number / this.#length);
    if (this.#rows === this.#original) this.#rows = [...this.#original];
    const rows = this.#rows as NodeRecord[][];
    if (rows[at] === this.#original[at]) rows[at] = [...this.#original[at]!];
    rows[at]![number % this.#length] = record;
  }

  get rows(): Rows {
    return this.#rows;
  }
}
