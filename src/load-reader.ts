/** Loads what reads from a store. */
export const loadReader = (): Promise<typeof import('./reader.ts')> => import('./reader.ts');
