/**
 * Names of files for ids.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Longer ones are cut. With the endings of this store they stay below 255 bytes, which is what file systems take. */
const longest = 160;
const beginning = 100;

/** Names of devices on Windows, whatever their ending. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/;

/**
 * The name of the file of a run or an owner, without its ending. What may not be in a name, or is the same as
 * something else where capitals do not count, is percent-encoded; a long name is cut, and ends in a hash of the id.
 * Two ids never have the same name.
 *
 * ```ts
 * fileName('refund-42'); // 'refund-42'
 * fileName('Order/7'); // '%4frder%2f7'
 * ```
 */
export function fileName(id: string): string {
  const name = id
    // A hidden file, or one that begins like a device.
    .replace(/[^a-z0-9._-]+/g, encoded)
    .replace(/^\./, encoded)
    .replace(devices, (device) => encoded(device[0]!) + device.slice(1));
  if (name.length <= longest) return name;
  return `${name.slice(0, beginning)}~${createHash('sha256').update(id).digest('hex').slice(0, 40)}`;
}

function encoded(characters: string): string {
  return Buffer.from(characters, 'utf8').toString('hex').replace(/../g, '%$&');
}
