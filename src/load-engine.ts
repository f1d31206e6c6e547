/** Loads what runs runs: with the first run of a page, not with the page. */
import type * as Parts from './engine.ts';
import type { RunContext } from './run/run-core.ts';
import type { RuntimeContext } from './runtime-context.ts';
import type { Awaitable } from './store.ts';

export type Engine = Omit<typeof Parts, 'completeContext'> & { readonly context: RunContext };

// To import once more what is there costs as much as opening a small run.
let loaded: typeof Parts | undefined;

/** At once where it is loaded. */
export function loadEngine(given: RuntimeContext): Awaitable<Engine> {
  if (!loaded) return loading().then(() => loadEngine(given));
  const { completeContext, ...parts } = loaded;
  return { ...parts, context: completeContext(given) };
}

async function loading(): Promise<void> {
  loaded = await import('./engine.ts');
}
