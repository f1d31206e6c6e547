import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { contentHash, textHash } from './hash.ts';

test('contentHash is the SHA-256 of the bytes in hex', () => {
  const bytes = new Uint8Array(1000).fill(3);
  expect(contentHash(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(contentHash(bytes.subarray(0, 10))).not.toBe(contentHash(bytes));
});

// A buffer that was filled again would be stored under the name of what it held before.
test('contentHash notices bytes that were changed in place', () => {
  const bytes = new Uint8Array(1000);
  const before = contentHash(bytes);
  bytes[999] = 1;
  expect(contentHash(bytes)).not.toBe(before);
  bytes[999] = 0;
  expect(contentHash(bytes)).toBe(before);
});

test('textHash is half of the SHA-256 of the text in UTF-8', () => {
  const text = 'äbc€';
  expect(textHash(text)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 32));
});
