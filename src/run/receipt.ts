import type { Row } from '../store.ts';

/** What became of an event or an answer. Of one that is only stored, no more is known than that. */
export interface Receipt {
  /** False: it is stored, and whoever holds the run delivers it. */
  readonly delivered: boolean;
  /** False: nothing took it. It changed nothing, and its id is not used up. */
  readonly accepted?: boolean;
  /** The seq of the checkpoint that it made. */
  readonly seq?: number;
}

/** The receipt of an event that was sent before, as it is kept under the event's id. */
export const receiptOf = ({ value }: Pick<Row, 'value'>): Receipt => ({
  delivered: true,
  accepted: true,
  seq: Number(value),
});
