/** The `types` of a machine's `setup`, which are for TypeScript alone. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it has no value to be inferred from
export const typed = <T>(): T => ({}) as T;
