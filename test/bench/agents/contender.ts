/** Who runs agents, and what is asked of it. */

export interface AgentContender {
  /** Of its packages, where they are not ours. */
  readonly versions: readonly string[];
  /** Makes an agent and where its runs are kept. Running it gives how many tools it called. */
  readonly prepare: () => Promise<{
    readonly run: (id: string) => Promise<number>;
    readonly close: () => Promise<void>;
  }>;
}

/** Whose process is asked. */
export const names = [
  'no store',
  'savepoint, SQLite NORMAL',
  'LangGraph.js, SqliteSaver NORMAL',
  'Mastra, libSQL',
] as const;
export type Name = (typeof names)[number];
export const [BARE, NORMAL, ...PEERS] = names;

/** So many loops with tools, and so many tools in each; one more call of the model is the answer. */
export const LOOPS = 10;
export const TOOLS = 2;
export const ANSWER = 'That is all.';

/** The arguments of the calls that the model wants after so many answers of its own. */
export const wanted = (spoken: number): readonly { readonly n: number }[] =>
  spoken < LOOPS ? Array.from({ length: TOOLS }, (_, n) => ({ n: spoken * TOOLS + n })) : [];

/** Run so many agents at once. */
export interface Question {
  readonly agents: number;
}

/** How long that took, and for how long a core worked on it, in milliseconds. */
export interface Measured {
  readonly ms: number;
  readonly cpu: number;
}
