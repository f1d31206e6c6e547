/** Work of which nothing is stored until it has ended. */
import { type AnyActorLogic, createActor, fromPromise, type PromiseActorLogic, toPromise } from 'xstate';
import { currentEffect } from '../../../src/index.ts';

/** Actor logic that runs another in an actor of its own, which no checkpoint knows: cut off, it starts afresh. */
export const ephemeral = (logic: AnyActorLogic): PromiseActorLogic<unknown> =>
  fromPromise(({ input, signal }) => runApart(logic, input, signal));

/** Runs actor logic apart from every system. Resolves with its output; aborting the signal stops it. */
export async function runApart(logic: AnyActorLogic, input: unknown, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  // Its id is the effect's: durable functions have it for theirs, and it must not be another's.
  const id = currentEffect()?.effectId;
  const actor = createActor(logic, { input, ...(id !== undefined && { id }) } as object);
  const stop = (): void => {
    actor.stop();
  };
  signal.addEventListener('abort', stop);
  try {
    const output = toPromise(actor);
    actor.start();
    return await output;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
