/** Loads what runs runs: with the first run of a page, not with the page. */
import type * as Parts from './engine.ts';
import { loadOnce } from './load-once.ts';
import type { RunContext } from './run/run-core.ts';
import type { RuntimeContext } from './runtime-context.ts';
import type { Awaitable } from './store.ts';

export type Engine = Omit<typeof Parts, 'completeContext'> & { readonly context: RunContext };

const load = loadOnce(() => import('./engine.ts'));

/** At once where it is loaded. */
export function loadEngine(given: RuntimeContext): Awaitable<Engine> {
  const parts = load();
  return parts instanceof Promise ? parts.then(engineOf) : engineOf(parts);

  function engineOf({ completeContext, ...rest }: typeof Parts): Engine {
    return { ...rest, context: completeContext(given) };
  }
}
