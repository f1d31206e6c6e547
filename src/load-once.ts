import type { Awaitable } from './store.ts';

/**
 * Loads a part of the code when it is asked for first; from then on it is there at once. Whoever asks meanwhile waits for
 * the same import: of many, a browser answers each in a job of its own, and what was in step is not any more. One that
 * failed is tried again.
 */
export function loadOnce<T>(load: () => Promise<T>): () => Awaitable<T> {
  let loaded: T | undefined;
  let loading: Promise<T> | undefined;
  const begin = async (): Promise<T> => {
    try {
      return (loaded = await load());
    } finally {
      loading = undefined;
    }
  };
  return () => loaded ?? (loading ??= begin());
}
