/**
 * Scripts: how the store does several things at once.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { prelude } from './scripts/prelude.ts';

/** A script with the name that the server gives it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
  /** It only reads, or does the same when it is run twice: it is run again where its answer was lost. */
  readonly isRepeatable: boolean;
}

export function repeatable(...parts: readonly string[]): Script {
  return script(parts, true);
}

export function once(...parts: readonly string[]): Script {
  return script(parts, false);
}

function script(parts: readonly string[], isRepeatable: boolean): Script {
  const text = [prelude, ...parts].join('');
  return { text, sha: createHash('sha1').update(text).digest('hex'), isRepeatable };
}
