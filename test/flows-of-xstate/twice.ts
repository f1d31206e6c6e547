/** A flow of XState's own examples, written twice: as a machine by hand, and as a workflow. */
import type { AnyStateMachine, EventObject } from 'xstate';

/** Notes what the flow does outside, in order. */
export type Note = (what: string) => void;

/** What happens from outside, one after another. Times are in milliseconds. */
type Happening = { readonly send: EventObject } | { readonly pass: number };

/** A way through the flow. */
interface Way {
  readonly name: string;
  readonly input?: unknown;
  readonly happens?: readonly Happening[];
  /** What the flow comes to, both ways. */
  readonly output: unknown;
}

export interface Twice {
  /** The folder of the example in XState's repository whose flow it has. */
  readonly of: string;
  readonly byHand: (note: Note) => AnyStateMachine;
  readonly asWorkflow: (note: Note) => AnyStateMachine;
  readonly ways: readonly Way[];
}
