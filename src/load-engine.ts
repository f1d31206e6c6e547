/** Loads what runs runs: with the first run of a page, not with the page. */
import type * as Parts from './engine.ts';
import { loadOnce } from './load-once.ts';
import type { RunContext } from './run/run-core.ts';
import type { RuntimeContext } from './runtime-context.ts';

export type Engine = Omit<typeof Parts, 'completeContext'> & { readonly context: RunContext };

const load = loadOnce(() => import('./engine.ts'));

export async function loadEngine(given: RuntimeContext): Promise<Engine> {
  const { completeContext, ...parts } = await load();
  return { ...parts, context: completeContext(given) };
}
