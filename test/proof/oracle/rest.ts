/** Resolves when all microtasks have run, those that they made as well. */
export const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
