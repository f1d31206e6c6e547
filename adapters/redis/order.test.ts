import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyRange, ordered, orderedNumber, unordered } from './order.ts';

/** Any code units, lone surrogates too. */
const texts = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0x80)), { maxLength: 6 })
  .map((units) => String.fromCharCode(...units));
const bytesOf = (text: string): Buffer => Buffer.from(ordered(text) as string);
const sign = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

test('texts are in the order of JavaScript, and come back', () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(unordered(bytesOf(a))).toBe(a);
      expect(Buffer.compare(bytesOf(a), bytesOf(b))).toBe(sign(a, b));
    }),
    { numRuns: 3000 },
  );
});

test('prefixes stay prefixes, and the range of a prefix has what begins with it and nothing else', () => {
  fc.assert(
    fc.property(texts, texts, texts, (prefix, rest, other) => {
      const [min, max] = keyRange('k:', { prefix }).map((bound) => Buffer.from(bound as string).subarray(1));
      const isIn = (key: string): boolean => {
        const bytes = Buffer.concat([Buffer.from('k:'), bytesOf(key)]);
        return Buffer.compare(bytes, min!) >= 0 && Buffer.compare(bytes, max!) < 0;
      };
      expect(isIn(prefix + rest)).toBe(true);
      expect(isIn(other)).toBe(other.startsWith(prefix));
    }),
    { numRuns: 3000 },
  );
});

test('a long text with characters of two units comes back', () => {
  const text = '😀'.repeat(50_000);
  expect(unordered(bytesOf(text)) === text).toBe(true);
});

test('numbers are in the order of numbers', () => {
  const numbers = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(sign(orderedNumber(a), orderedNumber(b))).toBe(sign(a, b));
      expect(orderedNumber(a)).toMatch(/^[\da-f]{16}$/);
    }),
    { numRuns: 3000 },
  );
});
