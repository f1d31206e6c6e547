/** Runs a durable function once, over its journal. */
import type { DurableArgs } from './durable-function.ts';
import type { HostedArgs } from './from-durable.ts';
import { memoryJournal } from './memory-journal.ts';
import { Steps } from './steps.ts';

export async function runDurable<TInput, TOutput>(
  fn: (args: DurableArgs<TInput>) => PromiseLike<TOutput>,
  { input, self, system, signal, emit, journal = memoryJournal(self) }: HostedArgs<TInput>,
): Promise<TOutput> {
  const journaled = await journal.read();
  signal.throwIfAborted();
  const { effectId, attempt } = journal;
  const steps = new Steps(journal, journaled, emit);
  const abort = (): void => steps.abort(signal.reason);
  signal.addEventListener('abort', abort);
  let output: TOutput;
  try {
    output = await fn({ input, step: steps.step, effectId, attempt, signal, self, system });
  } catch (error) {
    steps.end(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  steps.end();
  return output;
}
