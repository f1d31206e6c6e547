/** What the processes of a story tell the script that starts them. */

export interface Report {
  /** What it is about; the script waits for some of these. */
  readonly topic: string;
  /** For the timeline. */
  readonly text: string;
  /** When a delay is due, or came. */
  readonly time?: number | undefined;
  /** Of the checkpoint that was made. */
  readonly seq?: number | undefined;
  /** Where something can be reached. */
  readonly url?: string;
}

/** Tells the script. */
export function report(report: Report): void {
  process.send?.(report);
}
