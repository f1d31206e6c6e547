/** What the clock of an actor system can do. */

interface TellingClock {
  readonly now: () => number;
}

function clockOf(actor: object): TellingClock | undefined {
  const { clock } = actor as { readonly clock?: Partial<TellingClock> };
  return typeof clock?.now === 'function' ? (clock as TellingClock) : undefined;
}

/** The time, by the clock of an actor system where that tells it. */
export const nowOf = (actor: object): number => clockOf(actor)?.now() ?? Date.now();

// The longest delay that browsers' and Node's timers take, which XState's own clock hands on to them.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The longest delay that an actor system keeps, in milliseconds. A clock that tells the time keeps any. */
export const longestDelayOf = (actor: object): number => (clockOf(actor) ? Infinity : LONGEST_TIMEOUT);
