/** What an agent keeps in mind. */
import type { NotesLogic } from './notebook.ts';

/** What an agent keeps, and how much of a long conversation its model is given. */
export interface AgentMemory {
  /**
   * Keeps notes: `fromStore(notebook)` of `@xstate/store`. The model has tools for it, `remember`, `recall` and `forget`,
   * and is told with each call which notes there are.
   */
  readonly notes?: NotesLogic;
  /**
   * How many tokens one model call may have, its answer among them. Past them, the model is asked for a summary, which it
   * is given in place of all but the newest messages. The transcript keeps them all. Default: no end.
   */
  readonly tokens?: number;
}
