import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { InvalidArgumentError, InvalidTokenError } from 'savepoint';
import { expect, test } from 'vitest';
import { signInput, verifyInput } from './links.ts';

const key = 'the secret of an invented shop, long enough';
const hour = 60 * 60 * 1000;
const expires = Date.now() + hour;
const choices = [{ approved: true }, { approved: false, note: 'zu teuer – 高すぎる 💸' }];

const reasonOf = (verified: Promise<unknown>): Promise<string> =>
  verified.then(
    () => 'none',
    (error: unknown) => {
      expect(error).toBeInstanceOf(InvalidTokenError);
      return (error as InvalidTokenError).reason;
    },
  );

test('a token says which question it answers, with what, and until when', async () => {
  const token = await signInput({ id: 'r-42/approval' }, { key, expires, choices });
  const link = await verifyInput(token, { key, input: 'r-42/approval' });
  expect(link).toStrictEqual({
    input: 'r-42/approval',
    expires: new Date(expires),
    choices,
  });
});

test('without choices any answer will do', async () => {
  const token = await signInput('r-42/approval', { key, expires: new Date(expires) });
  expect((await verifyInput(token, { key })).choices).toBeUndefined();
});

test('a token stands in a URL as it is, and is an HMAC-SHA-256 that other programs can check', async () => {
  const token = await signInput('Küche ✓/approval', { key, expires, choices });
  expect(encodeURIComponent(token)).toBe(token);
  const [version = '', payload = '', signature] = token.split('.');
  expect(version).toBe('1');
  expect(signature).toBe(createHmac('sha256', key).update(`1.${payload}`).digest('base64url'));
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    input: 'Küche ✓/approval',
    expires,
    choices,
  });
});

test('whatever was signed is verified, in any script', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const answers = fc.option(
    fc.array(
      fc.json().map((json) => JSON.parse(json.replaceAll('-0', '0'))),
      { minLength: 1 },
    ),
    {
      nil: undefined,
    },
  );
  await fc.assert(
    fc.asyncProperty(text, answers, async (name, choices) => {
      const input = `r/${encodeURIComponent(name).replace(/%(?!25|2F|3A|23)/g, '%25')}a`;
      const token = await signInput(input, { key, expires, choices });
      expect(await verifyInput(token, { key, input })).toMatchObject({ input, choices });
    }),
  );
});

test('the key may be text, bytes or a CryptoKey', async () => {
  const bytes = new TextEncoder().encode(key);
  const cryptoKey = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  for (const signer of [key, bytes, Buffer.from(bytes), cryptoKey])
    for (const verifier of [key, bytes, cryptoKey]) {
      const token = await signInput('r-42/approval', { key: signer, expires });
      expect((await verifyInput(token, { key: verifier })).input).toBe('r-42/approval');
    }
});

test('a token of which one character was changed, lost or added is refused', async () => {
  const token = await signInput('r-42/approval', { key, expires, choices: ['yes'] });
  for (let at = 0; at < token.length; at++) {
    // All characters that share the bits that base64 does not use in its last one are among these.
    for (const other of ['A', 'B', 'C', 'D', String.fromCharCode(token.charCodeAt(at) + 1)]) {
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      if (changed !== token)
        expect(await reasonOf(verifyInput(changed, { key }))).toMatch(/^(altered|malformed)$/);
    }
    const shorter = token.slice(0, at) + token.slice(at + 1);
    expect(await reasonOf(verifyInput(shorter, { key }))).toMatch(/^(altered|malformed)$/);
  }
  const last = token.at(-1)!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const other of alphabet.replace(last, ''))
    expect(await reasonOf(verifyInput(token.slice(0, -1) + other, { key }))).toBe('altered');
});

test('a payload that somebody wrote is refused as altered', async () => {
  const token = await signInput('r-42/approval', { key, expires, choices: [{ approved: false }] });
  const [version, payload = '', signature] = token.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('false', 'true');
  const forged = [version, Buffer.from(text).toString('base64url'), signature].join('.');
  expect(await reasonOf(verifyInput(forged, { key }))).toBe('altered');
});

test('a token that was signed with another key is refused as altered', async () => {
  const token = await signInput('r-42/approval', { key, expires });
  expect(await reasonOf(verifyInput(token, { key: key.toUpperCase() }))).toBe('altered');
});

test.each([
  '',
  'nonsense',
  '1.',
  '1..',
  '1.e30',
  `2.e30.${'A'.repeat(43)}`,
  `1.e30.${'A'.repeat(42)}`,
  `1.e3 0.${'A'.repeat(43)}`,
  `1.e30=.${'A'.repeat(43)}`,
  `1.e30.${'A'.repeat(43)}\n`,
])('%j is refused as malformed', async (token) => {
  expect(await reasonOf(verifyInput(token, { key }))).toBe('malformed');
});

test('a token that is missing is refused as malformed', async () => {
  for (const token of [undefined, null, 7, {}] as readonly unknown[] as readonly string[])
    expect(await reasonOf(verifyInput(token, { key }))).toBe('malformed');
});

test('a token expires at its instant', async () => {
  const token = await signInput('r-42/approval', { key, expires: 2000 });
  expect((await verifyInput(token, { key, now: 1999 })).input).toBe('r-42/approval');
  expect(await reasonOf(verifyInput(token, { key, now: new Date(2000) }))).toBe('expired');
  expect(await reasonOf(verifyInput(token, { key }))).toBe('expired');
});

test('a token is refused for another question, also when that only opened again', async () => {
  const token = await signInput('r-42/approval', { key, expires });
  expect(await reasonOf(verifyInput(token, { key, input: 'r-42/payout' }))).toBe('other question');
  expect(await reasonOf(verifyInput(token, { key, input: { id: 'r-42/approval#2' } }))).toBe(
    'other question',
  );
});

const signing = { key, expires };
test.each([
  ['an empty key', 'r-42/approval', { ...signing, key: '' }, 'has 0 bytes'],
  ['a short key', 'r-42/approval', { ...signing, key: 'x'.repeat(15) }, 'has 15 bytes'],
  ['short bytes', 'r-42/approval', { ...signing, key: new Uint8Array(15) }, 'has 15 bytes'],
  ['no key', 'r-42/approval', { ...signing, key: undefined }, "'key' is a text"],
  ['a key that is a number', 'r-42/approval', { ...signing, key: 7 }, "'key' is a text"],
  ['a time that is none', 'r-42/approval', { key, expires: Number.NaN }, 'milliseconds since 1970'],
  ['no time', 'r-42/approval', { key, expires: undefined }, 'milliseconds since 1970'],
  ['an invalid date', 'r-42/approval', { key, expires: new Date(NaN) }, 'milliseconds since 1970'],
  ['a time without end', 'r-42/approval', { key, expires: Infinity }, 'milliseconds since 1970'],
  ['no question', '', signing, 'question id'],
  ['a question that is undefined', undefined, signing, 'question id'],
  ['an object without an id', {}, signing, 'question id'],
  ['the id of a run', 'r-42', signing, 'question id'],
  ['no choice', 'r-42/approval', { ...signing, choices: [] }, 'at least one answer'],
  ['choices that are no list', 'r-42/approval', { ...signing, choices: 'yes' }, 'at least one answer'],
  ['a choice that is a date', 'r-42/approval', { ...signing, choices: [new Date()] }, 'JSON'],
  ['a choice that is undefined', 'r-42/approval', { ...signing, choices: [{ note: undefined }] }, 'JSON'],
  ['long choices', 'r-42/approval', { ...signing, choices: ['x'.repeat(5000)] }, 'short choices'],
])('%s cannot be signed', async (_, input, options, why) => {
  const signed = signInput(input as string, options as Parameters<typeof signInput>[1]);
  await expect(signed).rejects.toThrow(InvalidArgumentError);
  await expect(signed).rejects.toThrow(why);
});

test('a CryptoKey that is for something else is refused', async () => {
  const make = (hash: string, use: KeyUsage): Promise<CryptoKey> =>
    crypto.subtle.importKey('raw', new Uint8Array(64), { name: 'HMAC', hash }, false, [use]);
  await expect(signInput('r/a', { expires, key: await make('SHA-512', 'sign') })).rejects.toThrow('SHA-256');
  await expect(signInput('r/a', { expires, key: await make('SHA-256', 'verify') })).rejects.toThrow(
    'may sign',
  );
  const token = await signInput('r/a', { expires, key });
  await expect(verifyInput(token, { key: await make('SHA-256', 'sign') })).rejects.toThrow('may verify');
  await expect(verifyInput(token, { key: 'short' })).rejects.toThrow(InvalidArgumentError);
});
