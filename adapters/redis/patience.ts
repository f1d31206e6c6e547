/**
 * How long things may take where a server does not answer.
 *
 * @module
 */

/** In milliseconds: less than half a lease. */
export const patience = 5000;

/** Resolves as `promise` does, or rejects with what `late` makes when patience is at its end. */
export async function patiently<T>(promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const end = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), patience);
    });
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}
