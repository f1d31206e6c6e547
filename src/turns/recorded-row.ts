/**
 * One row between two turns, such as what a step gave, and its commit where it goes alone: a function may have many thousands
 * of them.
 *
 * Both are of classes, without a literal, and what the row says of itself is made when it is asked for. V8 comes to make the
 * objects and arrays of a literal among the old ones where most of them live until a commit; there each keeps alive what it
 * refers to, long after its own end.
 */
import type { Row, RunCommit } from '../store.ts';
import type { Recorded, Waiter } from './entry.ts';
import type { Writes } from './writes.ts';

export class RecordedRow implements Recorded {
  constructor(
    readonly row: Row,
    readonly waiter: Waiter,
  ) {}

  get writes(): Writes {
    return { put: [this.row] };
  }

  get waiters(): readonly Waiter[] {
    return [this.waiter];
  }
}

export class RowCommit implements RunCommit {
  readonly put: readonly Row[];

  constructor(
    readonly run: string,
    readonly owner: string,
    readonly fence: number,
    row: Row,
  ) {
    this.put = Array.of(row);
  }
}
