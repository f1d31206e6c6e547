/** A store of which it is known whether it is at work. */
import type { Store } from 'savepoint';

export interface WatchedStore {
  readonly store: Store;
  /** Are there calls that it has not answered? */
  readonly isBusy: () => boolean;
}

export function watched(store: Store): WatchedStore {
  let calls = 0;
  const over = (): void => void calls--;
  const watching = new Proxy(store, {
    get(target, name) {
      const part: unknown = Reflect.get(target, name);
      if (typeof part !== 'function') return part;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(part, target, args);
        if (!(answer instanceof Promise)) return answer;
        calls++;
        answer.then(over, over);
        return answer;
      };
    },
  });
  return { store: watching, isBusy: () => calls > 0 };
}
