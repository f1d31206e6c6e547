import { expect, it } from 'vitest';
import { CorruptCheckpointError, StoreError, WrongKeyError, type SavepointError } from '../errors.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { makeKeys, type Keys } from './keys.ts';
import type { Place } from './place.ts';
import { open, seal } from './record.ts';

const keysOf = (...secrets: string[]): Promise<Keys> =>
  makeKeys(secrets.map((secret) => new TextEncoder().encode(secret)));
const keys = await keysOf('a secret of some length');

const places: readonly Place[] = [
  ['head', 'r'],
  ['head', 's'],
  ['header', 'r', 7, false],
  ['body', 'r', 7, false],
  ['body', 'r', 7, true],
  ['body', 'r', 8, false],
  ['body', 's', 7, false],
  ['row', 'r', 'step', 'k'],
  ['row', 'r', 'event', 'k'],
  ['row', 'r', 'step', 'l'],
  ['row', 's', 'step', 'k'],
  ['row', 'r', 'blob', 'k'],
  ['message', 'r', 'k'],
  ['message', 's', 'k'],
  ['question', 'r', 'k'],
  ['question', 's', 'k'],
  // Ids that would read alike if they were only put side by side.
  ['message', 'r","k', 'l'],
  ['message', 'r', 'k","l'],
  ['message', '\ud800', 'k'],
  ['message', '\ud801', 'k'],
];

const failure = (opening: Promise<unknown>): Promise<SavepointError> =>
  opening.then(
    () => Promise.reject(new Error('It was opened.')),
    (error: unknown) => error as SavepointError,
  );

it.each([
  ['nothing', ''],
  ['plain text', '{"a":1}'],
  ['NUL, a byte order mark and characters of four bytes', '\ufeffa\0b 👩‍👩‍👧 \u{10ffff}'],
  ['half a character', 'a\ud800b\udfff'],
  ['text of megabytes', 'ü'.repeat(3_000_000)],
  ['no bytes', new Uint8Array()],
  ['bytes', Uint8Array.from({ length: 300 }, (_, at) => at % 256)],
  ['a view on bytes', new Uint8Array(100).fill(7).subarray(3, 60)],
  ['bytes shared with other threads', new Uint8Array(new SharedArrayBuffer(9)).fill(3)],
])('%s comes back as it was', async (_, value) => {
  const sealed = await seal(keys, ['head', 'r'], value);
  expect(typeof sealed).toBe(typeof value);
  const opened = await open(keys, ['head', 'r'], sealed);
  expect(typeof opened === 'string' ? opened === value : opened).toEqual(
    typeof value === 'string' ? true : new Uint8Array(value),
  );
});

it('a value that is sealed twice looks different each time, so that nobody sees that it is the same', async () => {
  const [one, other] = await Promise.all([seal(keys, ['head', 'r'], 'x'), seal(keys, ['head', 'r'], 'x')]);
  expect(one).not.toBe(other);
});

it('bytes that are changed while they are sealed are sealed as they were', async () => {
  const bytes = new Uint8Array(1000).fill(1);
  const sealing = seal(keys, ['row', 'r', 'blob', 'k'], bytes);
  bytes.fill(2);
  expect(await open(keys, ['row', 'r', 'blob', 'k'], await sealing)).toEqual(new Uint8Array(1000).fill(1));
});

it('a record opens at its own place and at no other', async () => {
  for (const place of places) {
    const sealed = await seal(keys, place, 'secret');
    for (const other of places) {
      if (other === place) expect(await open(keys, other, sealed)).toBe('secret');
      else expect((await failure(open(keys, other, sealed))).message).toContain('written for another place');
    }
  }
});

it('a record of which one bit is changed, or one byte is missing, is refused', async () => {
  const record = await seal(keys, ['head', 'r'], new TextEncoder().encode('secret'));
  for (const at of record.keys()) {
    for (const bit of [1, 128]) {
      const altered = record.slice();
      altered[at]! ^= bit;
      expect(await failure(open(keys, ['head', 'r'], altered))).toBeInstanceOf(StoreError);
    }
    expect(await failure(open(keys, ['head', 'r'], record.slice(0, at)))).toBeInstanceOf(StoreError);
    expect(await failure(open(keys, ['head', 'r'], record.slice(at + 1)))).toBeInstanceOf(StoreError);
  }
});

it.each<[Place, string]>([
  [['head', 'r-42'], "The head of run 'r-42'"],
  [['row', 'r-42', 'step', 'pay/1'], "The row of kind 'step' with the key 'pay/1' of run 'r-42'"],
  [['message', 'r-42', 'm'], "The message 'm' of run 'r-42'"],
  [['question', 'r-42', 'r-42/ok'], "The question 'r-42/ok' of run 'r-42'"],
])('what is wrong with %j says where it is, and what to do', async (place, name) => {
  const sealed = await seal(keys, place, 'secret');
  const altered = await failure(open(keys, place, `${sealed.slice(0, -6)}AAAAAA`));
  expect(altered).toMatchObject({ code: 'STORE', outcome: 'failed' });
  expect(altered.message).toContain(name);
  expect(altered.message).toMatch(/was altered.*Restore it from a backup/);
  expect((await failure(open(keys, place, '{"starter":"x"}'))).message).toMatch(
    /is not sealed.*migrateStore/,
  );
  expect((await failure(open(keys, place, sealed.slice(0, 40)))).message).toMatch(/is cut short/);
  const foreign = await failure(open(await keysOf('another secret, as long'), place, sealed));
  expect(foreign).toMatchObject({ code: 'WRONG_KEY', run: 'r-42', record: name, outcome: 'failed' });
  expect(foreign.message).toContain('keys: [older]');
});

it.each(['header', 'body'] as const)('what is wrong with a %s is a CorruptCheckpointError', async (what) => {
  const place: Place = [what, 'r-42', 7, true];
  const sealed = await seal(keys, place, 'secret');
  for (const text of [
    '',
    'plain',
    sealed.slice(0, -8),
    sealed.slice(0, 30),
    sealed.replace('U1YB', 'U1YC'),
  ]) {
    const error = await failure(open(keys, place, text));
    expect(error).toBeInstanceOf(CorruptCheckpointError);
    expect(error).toMatchObject({ run: 'r-42', seq: 7 });
    expect(error.message).toContain(`its ${what} `);
  }
  const foreign = await keysOf('another secret, as long');
  expect(await failure(open(foreign, place, sealed))).toBeInstanceOf(WrongKeyError);
});

it('a record of a layout that is not known yet says to update', async () => {
  const error = await failure(open(keys, ['head', 'r'], `U1YC${'A'.repeat(80)}`));
  expect(error.message).toMatch(/layout 2 of a newer savepoint.*Update savepoint/);
});

it('base64 is what others make of it', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    const text = Buffer.from(bytes).toString('base64');
    expect(toBase64(bytes)).toBe(text);
    expect(fromBase64(text)).toEqual(bytes);
  }
});
