/** Loads what reads from a store. */
import type * as Reader from './reader.ts';

export const loadReader = (): Promise<typeof Reader> => import('./reader.ts');
