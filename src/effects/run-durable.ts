/** Runs a durable function once, over its journal. */
import type { EventObject } from 'xstate';
import type { DurableArgs, Step } from './durable-function.ts';
import type { Journal } from './journal.ts';
import { LateSignal } from './late-signal.ts';
import { memoryJournal } from './memory-journal.ts';
import { Steps } from './steps.ts';

/** What XState gives the function of a promise actor, with what a run adds. */
export interface HostedArgs<TInput> extends Pick<
  DurableArgs<TInput>,
  'input' | 'system' | 'self' | 'signal'
> {
  readonly emit: (event: EventObject) => void;
  /** The effect's, where a run hosts the actor. */
  readonly journal?: Journal | undefined;
  /** What makes the signal, where a run hosts the actor. */
  readonly late?: LateSignal | undefined;
}

export async function runDurable<TInput, TOutput>(
  fn: (args: DurableArgs<TInput>) => PromiseLike<TOutput>,
  args: HostedArgs<TInput>,
): Promise<TOutput> {
  const { self, emit, journal = memoryJournal(self) } = args;
  const late = args.late ?? LateSignal.after(args.signal);
  const journaled = await journal.read();
  late.throwIfAborted();
  const steps = new Steps(journal, journaled, emit);
  late.onAbort((reason) => steps.abort(reason));
  let output: TOutput;
  try {
    output = await fn(new FunctionArgs(args, journal, steps.step, late));
  } catch (error) {
    steps.end(error);
    throw error;
  }
  steps.end();
  return output;
}

/** What the function is given: plain properties, as XState gives them; the signal is made when it is asked for. */
class FunctionArgs<TInput> implements DurableArgs<TInput> {
  readonly input: TInput;
  readonly step: Step;
  readonly effectId: string;
  readonly attempt: number;
  readonly self: DurableArgs<TInput>['self'];
  readonly system: DurableArgs<TInput>['system'];
  declare readonly signal: AbortSignal;

  constructor(
    { input, self, system }: HostedArgs<TInput>,
    { effectId, attempt }: Journal,
    step: Step,
    late: LateSignal,
  ) {
    this.input = input;
    this.step = step;
    this.effectId = effectId;
    this.attempt = attempt;
    this.self = self;
    this.system = system;
    late.showOn(this);
  }
}
