/** Loads what reads from a store. */
import type * as Reader from './reader.ts';

let loaded: typeof Reader | undefined;

export const loadReader = async (): Promise<typeof Reader> => (loaded ??= await import('./reader.ts'));
