/** Who runs flows, and what is asked of it. */

/** One node after another; or one, all the others at once, and one that waits for them. */
export type Kind = 'chain' | 'fan';

export interface FlowContender {
  /** Of its packages, where they are not ours. */
  readonly versions: readonly string[];
  /** Makes a flow and where its runs are kept. Running it gives how many nodes came to something. */
  readonly prepare: (
    kind: Kind,
    size: number,
  ) => Promise<{ readonly run: () => Promise<number>; readonly close: () => Promise<void> }>;
}

/** Whose process is asked. */
export const names = [
  'bare machine',
  'savepoint, SQLite NORMAL',
  'LangGraph.js, SqliteSaver NORMAL',
  'Mastra, libSQL',
] as const;
export type Name = (typeof names)[number];
export const [BARE, NORMAL, ...PEERS] = names;

/** Run a flow so many times, and that so often: the fastest counts, which nothing else on the machine held up. */
export interface Question {
  readonly kind: Kind;
  readonly size: number;
  readonly times: number;
  readonly repeats: number;
}

/** Microseconds a node. */
export interface Measured {
  readonly micros: number;
}
