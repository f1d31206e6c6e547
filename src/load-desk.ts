/** Loads what is beside turns and checkpoints. */
import type * as DeskParts from './desk-parts.ts';

let loaded: typeof DeskParts | undefined;

export const loadDesk = async (): Promise<typeof DeskParts> => (loaded ??= await import('./desk-parts.ts'));
