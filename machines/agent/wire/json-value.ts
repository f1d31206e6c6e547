/** What a tool gave, as JSON: for a page, which shows what a model is told nothing of. */

/** Bytes become a data URL, of the media type that is said beside them; dates, maps and the like become what a form shows. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Uint8Array) return dataUrl('application/octet-stream', value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)].map(jsonValue);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof URL || value instanceof RegExp) return String(value);
  const { mediaType } = value as { readonly mediaType?: unknown };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]: [string, unknown]) => [
        key,
        member instanceof Uint8Array && typeof mediaType === 'string'
          ? dataUrl(mediaType, member)
          : jsonValue(member),
      ]),
  );
}

/** Bytes as a URL that a page can show. */
export function dataUrl(mediaType: string, bytes: Uint8Array): string {
  let binary = '';
  // In pieces: a call takes so many arguments and no more.
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `data:${mediaType};base64,${btoa(binary)}`;
}

/** The bytes in a data URL; `undefined` where it is none. */
export function bytesOf(url: string): Uint8Array | undefined {
  const [, base64, data = ''] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  if (!url.startsWith('data:')) return undefined;
  const text = base64 ? atob(data) : decodeURIComponent(data);
  return base64
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : new TextEncoder().encode(text);
}
