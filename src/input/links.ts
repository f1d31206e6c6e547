/**
 * Answer links: a text for an e-mail that lets whoever bears it answer one question, once, for some time.
 *
 * The token is `1.<payload>.<signature>`: the payload is JSON, the signature the HMAC-SHA-256 of all before it, both in
 * base64url. The payload can be read by anyone who has the link; it cannot be changed.
 *
 * @module
 */
import { fromBase64, toBase64 } from '../checkpoint/binary.ts';
import { isCertainlyPlain } from '../checkpoint/plain.ts';
import { InvalidArgumentError, InvalidTokenError } from '../errors.ts';
import { parseQuestionId } from './ids.ts';
import { importKey, type LinkKey } from './link-key.ts';

/** A question: its id, or a pending input. */
export type QuestionRef = string | { readonly id: string };

/** What a link is made with. */
export interface SignOptions {
  /** The secret: text or bytes, at least 16 bytes, or a `CryptoKey`. Whoever has it can answer every question. */
  readonly key: LinkKey;
  /** When the link stops working: a date, or milliseconds since 1970. */
  readonly expires: Date | number;
  /** The answers that this link may give, as JSON. The one who verifies it picks among them. */
  readonly choices?: readonly unknown[] | undefined;
}

/** What a link is read with. */
export interface VerifyOptions {
  /** The secret that the token was signed with. */
  readonly key: LinkKey;
  /** The question that the token must be for. Without it any question will do. */
  readonly input?: QuestionRef | undefined;
  /** What time it is, for tests. */
  readonly now?: Date | number | undefined;
}

/** What a token says. */
export interface VerifiedInput {
  /** The id of the question that its bearer may answer. */
  readonly input: string;
  readonly expires: Date;
  /** The answers that it may give; `undefined` when any will do. */
  readonly choices: readonly unknown[] | undefined;
}

interface Payload {
  readonly input: string;
  readonly expires: number;
  readonly choices?: readonly unknown[];
}

const version = '1.';
const layout = /^(1\.[\w-]+)\.([\w-]{43})$/;
/** In bytes, of a payload: a longer link breaks in mail programs, and is refused by servers. */
const longestPayload = 4096;

/**
 * Makes a token that answers one question, once, until it expires. Needs no runtime.
 *
 * ```ts
 * const token = await signInput('r-42/approval', {
 *   key: secret,
 *   expires: Date.now() + 3 * 24 * 60 * 60 * 1000,
 *   choices: [{ approved: true }, { approved: false }],
 * });
 * const link = `https://shop.example/answer?token=${token}`;
 * ```
 *
 * Show the page behind the link on GET, and answer on POST: programs that check mail for viruses follow every link.
 *
 * ```ts
 * async function post(request: Request): Promise<Response> {
 *   const form = await request.formData();
 *   try {
 *     const link = await verifyInput(String(form.get('token')), { key: secret });
 *     const choice = link.choices?.[Number(form.get('choice'))];
 *     if (choice === undefined) return new Response('Please choose.', { status: 400 });
 *     await runtime.answer(link.input, choice, { by: 'mail' });
 *     return new Response('Thank you.');
 *   } catch (error) {
 *     if (error instanceof InvalidTokenError) return new Response(error.message, { status: 403 });
 *     // The link was used before, somebody else was faster, or the run is over.
 *     if (error instanceof InputClosedError || error instanceof RunClosedError)
 *       return new Response(error.message, { status: 409 });
 *     throw error;
 *   }
 * }
 * ```
 *
 * Throws `InvalidArgumentError` for a secret of less than 16 bytes, a key that cannot sign, a time that is none,
 * choices that are not JSON or too long for a link, and what cannot be the id of a question.
 */
export async function signInput(input: QuestionRef, options: SignOptions): Promise<string> {
  const { choices } = options;
  const question = idOf(input);
  parseQuestionId(question);
  const expires = Number(options.expires);
  // A date has an end. `!(…)` is true for NaN, too.
  if (!(Math.abs(expires) <= 8.64e15))
    throw new InvalidArgumentError(
      `'expires' is a Date or milliseconds since 1970; it was ${String(options.expires)}. ` +
        'For an hour from now: Date.now() + 60 * 60 * 1000.',
    );
  if (choices !== undefined && !(Array.isArray(choices) && choices.length > 0 && isCertainlyPlain(choices)))
    throw new InvalidArgumentError(
      "'choices' is a list of at least one answer, each of them JSON: write a date as text, and leave out what is undefined.",
    );
  const payload: Payload = { input: question, expires, ...(choices && { choices }) };
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  if (bytes.length > longestPayload)
    throw new InvalidArgumentError(
      `A link holds ${longestPayload} bytes, and this one had ${bytes.length}. Sign short choices, such as a name for each.`,
    );
  const signed = version + toBase64Url(bytes);
  const key = await importKey(options.key, 'sign');
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

/**
 * Reads a token of `signInput()`. It does not know whether the token was used: `runtime.answer()` does, as a question
 * takes one answer, and throws `InputClosedError` then. `signInput()` shows the whole handler.
 *
 * ```ts
 * const link = await verifyInput(token, { key: secret });
 * // { input: 'r-42/approval', expires: Date, choices: [{ approved: true }, { approved: false }] }
 * await runtime.answer(link.input, link.choices?.[0], { by: 'mail' });
 * ```
 *
 * Throws `InvalidTokenError` for a token that is malformed, altered or signed with another key, expired, or for
 * another question than `input`; `InvalidArgumentError` for a key that cannot be one.
 */
export async function verifyInput(token: string, options: VerifyOptions): Promise<VerifiedInput> {
  const { input, now = Date.now() } = options;
  const key = await importKey(options.key, 'verify');
  const [, signed, signature] = (typeof token === 'string' && layout.exec(token)) || [];
  if (signed === undefined || signature === undefined) throw new InvalidTokenError('malformed');

  const bytes = fromBase64Url(signature);
  // The last character has two bits to spare: another text for the same bytes is no token of ours.
  const isTrue =
    toBase64Url(bytes) === signature &&
    (await crypto.subtle.verify('HMAC', key, bytes, new TextEncoder().encode(signed)));
  if (!isTrue) throw new InvalidTokenError('altered');

  const text = new TextDecoder().decode(fromBase64Url(signed.slice(version.length)));
  const payload = JSON.parse(text) as Payload;
  if (!(Number(now) < payload.expires)) throw new InvalidTokenError('expired');
  if (input !== undefined && idOf(input) !== payload.input) throw new InvalidTokenError('other question');
  return {
    input: payload.input,
    expires: new Date(payload.expires),
    choices: payload.choices,
  };
}

const idOf = (input: QuestionRef): string => (typeof input === 'object' && input !== null ? input.id : input);

const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(fromBase64(text.replaceAll('-', '+').replaceAll('_', '/')));
