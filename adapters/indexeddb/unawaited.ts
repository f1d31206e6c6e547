/** A request that nobody waits for: where it fails, its transaction does, and tells. */
export function unawaited(request: Promise<unknown>): void {
  request.catch(() => {});
}
