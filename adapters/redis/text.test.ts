import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Arg, pack, unpack } from './bytes.ts';
import { decodeOptional, decodeText, decodeValue, encodeOptional, encodeText, encodeValue } from './text.ts';

const texts = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units));
const sent = (arg: Arg): Buffer => Buffer.from(arg as string);

test('any text comes back, with lone surrogates too', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(decodeText(sent(encodeText(text)))).toBe(text);
      expect(decodeValue(sent(encodeValue(text)))).toBe(text);
      expect(decodeOptional(sent(encodeOptional(text)))).toBe(text);
    }),
  );
  expect(decodeOptional(sent(encodeOptional(undefined)))).toBeUndefined();
});

test('a well-formed text is kept as it is', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => encodeText(text) === text));
});

test('any bytes come back as bytes, and are a copy', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const kept = encodeValue(bytes);
      const before = bytes.slice();
      bytes.fill(0);
      expect(decodeValue(sent(kept))).toEqual(before);
    }),
  );
});

test('a list comes back, and none that was cut short', () => {
  fc.assert(
    fc.property(fc.array(texts), (list) => {
      const packed = sent(pack(list.map(encodeText)));
      expect(unpack(packed)?.map(decodeText)).toEqual(list);
      if (packed.length > 0) expect(unpack(packed.subarray(0, -1))).not.toEqual(unpack(packed));
    }),
  );
  for (const damaged of ['3:ab', 'x', '3', '-1:a', ':a', '1:ab'])
    expect(unpack(Buffer.from(damaged))).toBeUndefined();
});
