/** Work that is a function: as for `fromDurable`, with ids that stay the same when the node is tried again. */
import type { PromiseActorLogic } from 'xstate';
import { type DurableArgs, fromDurable, type Step, type StepArgs } from '../../../src/index.ts';

/** A function that works for a node. Under a runtime its steps are journaled. */
export type WorkFunction = (args: DurableArgs<never>) => unknown;

/** What the actor of a function is given. */
export interface FunctionInput {
  readonly input: unknown;
  /** How often the node was tried, this time included. */
  readonly attempt: number;
  /** What tells its effect from others of the same node: `''` for the first. */
  readonly part: string;
}

/** Actor logic of a function. */
export const functionWork = (run: WorkFunction): PromiseActorLogic<unknown, FunctionInput> =>
  fromDurable(async (args: DurableArgs<FunctionInput>) => {
    const { input, attempt, part } = args.input;
    const effectId = `${withoutTurn(args.effectId)}${part}`;
    return run({
      ...args,
      input: input as never,
      attempt: attempt + args.attempt - 1,
      effectId,
      step: stepsOf(args.step, effectId),
    });
  });

/** An effect's id ends with the turn that started it, which is another one when a node is tried again. */
const withoutTurn = (effectId: string): string => effectId.replace(/:\d+$/, '');

/** Steps whose ids begin with that of their function. */
function stepsOf(step: Step, effectId: string): Step {
  const named = <TResult>(
    name: string,
    work: (args: StepArgs) => TResult | PromiseLike<TResult>,
    options?: Parameters<Step>[2],
  ): Promise<TResult> => step(name, (args) => work(new NamedStep(args, effectId)), options);
  return Object.assign(named, {
    sleep: step.sleep.bind(step),
    sleepUntil: step.sleepUntil.bind(step),
    waitForInput: step.waitForInput.bind(step),
  });
}

/** What a step is given, under another id. Most of it is made when it is asked for. */
class NamedStep implements StepArgs {
  readonly #args: StepArgs;
  readonly #of: string;

  constructor(args: StepArgs, of: string) {
    this.#args = args;
    this.#of = of;
  }

  get effectId(): string {
    const { effectId } = this.#args;
    return `${this.#of}${effectId.slice(effectId.lastIndexOf('/'))}`;
  }
  get attempt(): number {
    return this.#args.attempt;
  }
  get signal(): AbortSignal {
    return this.#args.signal;
  }
  get progress(): StepArgs['progress'] {
    return this.#args.progress;
  }
}
