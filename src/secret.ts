/**
 * Secrets that keys are made from.
 *
 * @module
 */
import { InvalidArgumentError } from './errors.ts';

/** A secret of at least 16 bytes, as text or as bytes. */
export type Secret = string | Uint8Array;

/** In bytes. Whoever has what was made with a secret can try out others on it, as long and as fast as they like. */
export const SHORTEST = 16;

/**
 * A copy of a secret's bytes; `undefined` for what is neither text nor bytes. Throws `InvalidArgumentError` where they
 * are too few.
 */
export function secretBytes(name: string, secret: unknown): Uint8Array<ArrayBuffer> | undefined {
  const bytes =
    typeof secret === 'string'
      ? new TextEncoder().encode(secret)
      : ArrayBuffer.isView(secret)
        ? new Uint8Array(secret as Uint8Array)
        : undefined;
  if (bytes !== undefined && bytes.length < SHORTEST)
    throw new InvalidArgumentError(
      `'${name}' has ${bytes.length} bytes; ${SHORTEST} is the least. Make one: crypto.getRandomValues(new Uint8Array(32)).`,
    );
  return bytes;
}
