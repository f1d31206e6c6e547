/** What the processes of the tour and the script that starts them tell each other. */

/** To the script. */
export interface Report {
  /** What it is about; the script waits for some of these. */
  readonly topic: string;
  /** For the timeline. */
  readonly text: string;
  /** When a delay is due, or came. */
  readonly time?: number | undefined;
  /** Of the checkpoint that was made. */
  readonly seq?: number | undefined;
  /** Where the process can be reached. */
  readonly url?: string;
}

/** To a worker: somebody clicked. */
export interface Click {
  /** The same click has the same id, however often it arrives. */
  readonly id: string;
  readonly by: string;
  readonly event: { readonly type: 'refund.approved'; readonly by: string };
}

/** Tells the script. */
export function report(report: Report): void {
  process.send?.(report);
}
