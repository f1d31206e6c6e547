/** The time, by the clock of an actor system where that tells it. */
export function nowOf(actor: object): number {
  const { clock } = actor as { readonly clock?: { readonly now?: () => number } };
  return typeof clock?.now === 'function' ? clock.now() : Date.now();
}
