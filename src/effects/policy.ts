/** What becomes of an effect that was cut off by a crash or a release, when its run goes on. */
import type { AnyActorLogic } from 'xstate';
import { InvalidArgumentError } from '../errors.ts';

/**
 * - `rerun`: it runs again, with the same effect id. The default.
 * - `fail`: it fails with an `InterruptedError`, which the machine's `onError` takes.
 * - `ask`: a person is asked which of both, or what its output is.
 */
export type InterruptPolicy = 'rerun' | 'fail' | 'ask';

/** Where an actor's logic has its policy. */
const interruptPolicy: unique symbol = Symbol.for('savepoint.interruptPolicy');

const policies: readonly unknown[] = ['rerun', 'fail', 'ask'] satisfies readonly InterruptPolicy[];

/**
 * A copy of actor logic whose actors do as `policy` says when they were cut off. Default for all others: `rerun`.
 *
 * @example
 * setup({ actors: { charge: onInterrupt(fromPromise(chargeCard), 'ask') } });
 *
 * @throws InvalidArgumentError for any other policy.
 */
export function onInterrupt<TLogic extends AnyActorLogic>(logic: TLogic, policy: InterruptPolicy): TLogic {
  const given: unknown = policy;
  if (!policies.includes(given))
    throw new InvalidArgumentError(
      `'onInterrupt' is one of ${policies.join(', ')}; it was ${String(given)}.`,
    );
  // With its prototype: a machine is an instance of a class.
  const copy = Object.create(Object.getPrototypeOf(logic) as object, Object.getOwnPropertyDescriptors(logic));
  return Object.assign(copy as TLogic, { [interruptPolicy]: policy });
}

/** The policy of actor logic. */
export const policyOf = (logic: object): InterruptPolicy =>
  (logic as { readonly [interruptPolicy]?: InterruptPolicy })[interruptPolicy] ?? 'rerun';
