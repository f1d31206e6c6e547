/** The trace of a run. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The id of the trace of a run, and of the span that all its spans are below: the same in each process. */
export function traceOf(run: string): { readonly traceId: string; readonly spanId: string } {
  const hash = bytesToHex(sha256(new TextEncoder().encode(run)));
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}
