/** What the script tells a worker: somebody clicked. */
export interface Click {
  /** The same click has the same id, however often it arrives. */
  readonly id: string;
  readonly by: string;
  readonly event: { readonly type: 'refund.approved'; readonly by: string };
}
