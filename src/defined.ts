/** The entries of an object that are there: JSON leaves the others out, and a codec would not. */
export function defined<T extends object>(values: T): T {
  const kept: Partial<T> = {};
  for (const key in values) if (values[key] !== undefined) kept[key] = values[key];
  return kept as T;
}
