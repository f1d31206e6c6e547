/** What became of an event or an answer. Of one that is only stored, no more is known than that. */
export interface Receipt {
  /** False: it is stored, and whoever holds the run delivers it. */
  readonly delivered: boolean;
  /** False: nothing took it. It changed nothing, and its id is not used up. */
  readonly accepted?: boolean;
  /** The seq of the checkpoint that it made. */
  readonly seq?: number;
}
