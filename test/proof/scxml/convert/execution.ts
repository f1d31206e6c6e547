/** Executable content while it is executed: a block of steps on a copy of the context (3.8, 3.9, 4). */
import { enqueueActions, type AnyActorRef } from 'xstate';
import type { Evaluate } from './ecmascript.ts';
import { copyOf, type Context, type ScopeOf, type ScxmlEvent } from './scope.ts';

/** What steps use of XState's `enqueue`. */
interface Enqueue {
  (action: unknown): void;
  raise(event: ScxmlEvent, options?: { id: string; delay: number }): void;
  sendTo(actor: AnyActorRef, event: ScxmlEvent): void;
  cancel(id: string): void;
  assign(context: Context): void;
}

export interface Execution {
  /** A copy, put back when the block has ended. */
  readonly context: Context;
  /** For expressions. */
  readonly scope: object;
  /** For what may declare variables: <script>, <foreach>. */
  readonly loose: object;
  readonly event: ScxmlEvent;
  readonly enqueue: Enqueue;
  readonly self: AnyActorRef;
}

export type Step = (execution: Execution) => void;

/** An action of XState that takes the steps. */
export type Block = (step: Step) => unknown;

/** An error ends its block, but not the blocks after it. */
export function blocksWith(scopeOf: ScopeOf): Block {
  return (step) =>
    enqueueActions<Context, ScxmlEvent, undefined>(({ context, event, enqueue, self }) => {
      const copy = copyOf(context);
      const execution: Execution = {
        context: copy,
        scope: scopeOf(copy, event),
        loose: scopeOf(copy, event, true),
        event,
        enqueue: enqueue as unknown as Enqueue,
        self,
      };
      try {
        step(execution);
      } catch (error) {
        raiseError(execution, error);
      }
      execution.enqueue.assign(copyOf(copy));
    });
}

/** A message that cannot be sent (6.2). */
export class SendError extends Error {
  readonly event: string;
  readonly sendid: string | undefined;

  constructor(event: string, message: string, sendid: string | undefined) {
    super(message);
    this.event = event;
    this.sendid = sendid;
  }
}

/** 3.12.2. */
export function raiseError({ enqueue }: Execution, error: unknown): void {
  const { event = 'error.execution', sendid } = error instanceof SendError ? error : {};
  enqueue.raise({
    type: event,
    kind: 'platform',
    ...(error instanceof Error && { data: error.message }),
    ...(sendid !== undefined && { sendid }),
  });
}

/** A condition that cannot be evaluated counts as false, and is an error (5.9.1). */
export function holds(execution: Execution, condition: Evaluate): boolean {
  try {
    return Boolean(condition(execution.scope));
  } catch (error) {
    raiseError(execution, error);
    return false;
  }
}
