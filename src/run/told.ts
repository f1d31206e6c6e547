/** What is said with an event, beside the event itself. */

/** What is said with an event. */
export interface SendOptions {
  /** The event's id: sent twice with the same id, it is one event, also over restarts. */
  readonly id?: string | undefined;
  /** Who sends it. Kept in the history. */
  readonly by?: string | undefined;
  /** Reject with `EventNotAcceptedError` where no transition takes the event. */
  readonly required?: boolean | undefined;
}

/** The same, with what the run itself has to know. */
export interface Told extends SendOptions {
  /** The message that brought it: it is taken from the inbox with the turn. */
  readonly take?: string | undefined;
  /** The row that kept it until its question opened: it goes with the turn. */
  readonly aside?: string | undefined;
  /** The question that it answers. */
  readonly answer?: ToldAnswer | undefined;
  /** Why the run is cancelled. */
  readonly reason?: string | undefined;
}

/** An answer on its way into the run. */
export interface ToldAnswer {
  /** The question's id. */
  readonly input: string;
  readonly value: unknown;
  readonly by: string | undefined;
  readonly id: string | undefined;
  /** When it was given, in milliseconds since 1970. */
  readonly at: number;
}
