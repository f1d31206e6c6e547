/** Actor logic of an async function whose steps are journaled. */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { InvalidArgumentError } from '../errors.ts';
import { loadOnce } from '../load-once.ts';
import type { DurableArgs } from './durable-function.ts';
import { type InterruptPolicy, onInterrupt } from './policy.ts';
import type * as RunDurable from './run-durable.ts';

/** What may be said about a durable function. */
export interface DurableOptions {
  /** What becomes of it when a crash cuts it off. Default: it runs again, and its finished steps do not. */
  readonly onInterrupt?: InterruptPolicy | undefined;
}

// A page without such an actor never needs the code of steps.
const load = loadOnce(() => import('./run-durable.ts'));

/**
 * Actor logic of an async function whose steps are journaled: finished steps are never run again, however often the
 * process dies. The actor's output is what the function returns, and it fails with what the function throws.
 *
 * Outside of a run it works like `fromPromise`, with a journal in memory.
 *
 * @example
 * const refund = fromDurable(async ({ input, step }: DurableArgs<{ amount: number }>) => {
 *   const id = await step('pay', ({ effectId }) => pay(input.amount, effectId), { retry: { limit: 5 } });
 *   await step.sleep('let it settle', 60_000);
 *   return step('confirm', () => confirm(id));
 * });
 *
 * @throws InvalidArgumentError for what is no function, and for a policy that there is not.
 */
export function fromDurable<TOutput, TInput>(
  fn: (args: DurableArgs<TInput>) => PromiseLike<TOutput>,
  { onInterrupt: policy }: DurableOptions = {},
): PromiseActorLogic<TOutput, TInput> {
  if (typeof fn !== 'function')
    throw new InvalidArgumentError(`fromDurable() takes a function; it was given ${String(fn)}.`);
  const creator = async (args: RunDurable.HostedArgs<TInput>): Promise<TOutput> =>
    (await load()).runDurable(fn, args);
  const logic = fromPromise(creator);
  return policy === undefined ? logic : onInterrupt(logic, policy);
}
