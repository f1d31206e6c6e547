/** Loads what runs runs: with the first run of a page, not with the page. */
import type * as Parts from './engine.ts';
import type { RunContext } from './run/run-core.ts';
import type { RuntimeContext } from './runtime-context.ts';

export type Engine = Omit<typeof Parts, 'completeContext'> & { readonly context: RunContext };

// To import once more what is there costs as much as opening a small run.
let loaded: typeof Parts | undefined;

export async function loadEngine(given: RuntimeContext): Promise<Engine> {
  const { completeContext, ...parts } = (loaded ??= await import('./engine.ts'));
  return { ...parts, context: completeContext(given) };
}
