/** Loads what reads from a store. */
import { loadOnce } from './load-once.ts';
import type * as Reader from './reader.ts';
import type { Awaitable } from './store.ts';

export const loadReader: () => Awaitable<typeof Reader> = loadOnce(() => import('./reader.ts'));
