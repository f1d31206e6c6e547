/** An action that sends an event to another run. */
import type { ActionArgs, AnyEventObject, EventObject, MachineContext } from 'xstate';

/** What an action of `sendToRun()` says, once it is known. */
export interface Letter {
  readonly run: string;
  readonly event: AnyEventObject;
}

type Expression<T, TArgs, TParams> = T | ((args: TArgs, params: TParams) => T);

/** The type that such actions have in an outbox. */
export const LETTER = 'savepoint.sendToRun';

const letter = Symbol.for('savepoint.letter');

/** As XState has it for its own actions. */
export interface SendToRunAction<
  TContext extends MachineContext,
  TExpressionEvent extends EventObject,
  TParams,
  TEvent extends EventObject,
> {
  (args: ActionArgs<TContext, TExpressionEvent, TEvent>, params: TParams): void;
}

/**
 * An action that sends an event to another run of the same store, from its outbox to that one's inbox: once, also over
 * crashes. Both may be functions of `{ context, event }`. Where there is no such run, `logger` is told, and this one goes
 * on. Outside of a run it does nothing.
 *
 * @example
 * entry: sendToRun(({ context }) => context.order, { type: 'paid' })
 */
export function sendToRun<
  TContext extends MachineContext,
  TExpressionEvent extends EventObject,
  TParams,
  TEvent extends EventObject,
>(
  run: Expression<string, ActionArgs<TContext, TExpressionEvent, TEvent>, TParams>,
  event: Expression<AnyEventObject, ActionArgs<TContext, TExpressionEvent, TEvent>, TParams>,
): SendToRunAction<TContext, TExpressionEvent, TParams, TEvent> {
  const action = (): void => {};
  const read = (args: ActionArgs<TContext, TExpressionEvent, TEvent>, params: TParams): Letter => ({
    run: typeof run === 'function' ? run(args, params) : run,
    event: typeof event === 'function' ? event(args, params) : event,
  });
  return Object.assign(action, { [letter]: read });
}

/** What an action sends to another run, if it is one that does. */
export function letterOf(action: unknown, args: unknown, params: unknown): Letter | undefined {
  const read = (action as { readonly [letter]?: (args: unknown, params: unknown) => Letter })[letter];
  return read?.(args, params);
}
