/**
 * Schemas for answers: any library that speaks Standard Schema (https://standardschema.dev), such as zod,
 * valibot and arktype.
 *
 * @module
 */
import type { Codec } from '../checkpoint/codec.ts';
import type { Json } from '../checkpoint/json.ts';
import { encodeText } from '../checkpoint/text.ts';
import { InvalidInputError, type InputIssue } from '../errors.ts';
import type { Awaitable } from '../store.ts';

/**
 * A schema of any library that speaks Standard Schema.
 *
 * ```ts
 * import { z } from 'zod';
 * const decision: StandardSchema = z.object({ approved: z.boolean() });
 * ```
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Awaitable<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema, where the library has it: zod from 4.2 on. */
    readonly jsonSchema?:
      | { readonly input: (options: { readonly target: 'draft-2020-12' }) => unknown }
      | undefined;
  };
}

/** What a schema says of a value: it is good, and this is what it was parsed to; or why it is not. */
type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Why a schema does not take a value. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What is left of an answer that a schema took; without a schema it is unknown.
 *
 * ```ts
 * const decision = z.object({ approved: z.boolean() });
 * type Decision = InferAnswer<typeof decision>; // { approved: boolean }
 * ```
 */
export type InferAnswer<TSchema> =
  TSchema extends StandardSchema<infer _Input, infer Output> ? Output : unknown;

/**
 * The answer to a question as its schema parses it: at once when the schema answers at once, else a promise.
 * Without a schema anything is taken as it is.
 *
 * Throws `InvalidInputError`, or rejects with it, where the schema does not take the value, and where the schema
 * itself throws: then the error is its `cause`.
 *
 * zod tries every schema as a synchronous one first. One that throws, or is asynchronous, therefore runs twice and
 * gives a promise; and where a promise inside of it rejects, Node hears of the first as an unhandled rejection. So
 * an asynchronous check in zod should answer false instead of rejecting.
 */
export function validate(
  inputId: string,
  schema: StandardSchema | undefined,
  value: unknown,
): Awaitable<unknown> {
  if (schema === undefined) return value;

  const judge = (result: SchemaResult<unknown>): unknown => {
    let issues: readonly InputIssue[] | undefined;
    try {
      // Not map(): the arrays of some libraries, arktype's, are of their own classes.
      issues = result.issues && Array.from(result.issues, plainIssue);
    } catch (error) {
      throw brokenSchema(inputId, error);
    }
    if (issues) throw new InvalidInputError(inputId, issues);
    return (result as { readonly value: unknown }).value;
  };

  let result;
  try {
    result = schema['~standard'].validate(value);
  } catch (error) {
    throw brokenSchema(inputId, error);
  }
  if (!isPromise(result)) return judge(result);
  return Promise.resolve(result).then(judge, (error: unknown) => {
    throw brokenSchema(inputId, error);
  });
}

/** Throws `InvalidInputError` where an answer has more than `limit` bytes, and `NotSerializableError` where it cannot be kept. */
export function checkSize(inputId: string, value: unknown, limit: number, codec: Codec): void {
  if (limit === Infinity) return;
  const text = encodeText(codec, value ?? null, { actor: '', path: `answer('${inputId}')` });
  // Most are far from it, and to measure costs a copy.
  if (text.length * 3 <= limit) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > limit)
    throw new InvalidInputError(inputId, [
      { message: `it has ${bytes} bytes, and limits.answerBytes is ${limit}; keep large values elsewhere` },
    ]);
}

// Not `instanceof`: the promise of another realm or library is one, too. What is no object is judged, and fails there.
function isPromise<T extends object>(result: Awaitable<T>): result is Promise<T> {
  return typeof (result as Partial<Promise<T>> | undefined)?.then === 'function';
}

function brokenSchema(inputId: string, cause: unknown): InvalidInputError {
  const thrown = cause instanceof Error ? `${cause.name}: ${cause.message}` : `a ${typeof cause}`;
  const message = `its schema threw (${thrown}) and must be mended; the question is still open`;
  return new InvalidInputError(inputId, [{ message }], { cause });
}

/** An issue as it can be stored and sent: what libraries add is left out, and a symbol is text. */
function plainIssue({ message, path }: SchemaIssue): InputIssue {
  return path === undefined ? { message } : { message, path: Array.from(path, plainKey) };
}

function plainKey(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'symbol' ? String(key) : key;
}

/**
 * The JSON Schema (draft 2020-12) of what a schema takes, for a form that is drawn without the code: its library
 * must speak Standard JSON Schema. `undefined` where it does not, or cannot say this schema in JSON Schema.
 *
 * ```ts
 * jsonSchemaOf(z.object({ approved: z.boolean() }));
 * // { type: 'object', properties: { approved: { type: 'boolean' } }, required: ['approved'], $schema: '…' }
 * ```
 */
export function jsonSchemaOf(schema: StandardSchema | undefined): Json | undefined {
  if (schema === undefined) return undefined;
  if (!descriptions.has(schema)) descriptions.set(schema, describe(schema));
  return descriptions.get(schema);
}

/** Describing takes zod 20 to 70 µs, which each question would pay anew; a schema does not change. */
const descriptions = new WeakMap<StandardSchema, Json | undefined>();

function describe(schema: StandardSchema): Json | undefined {
  try {
    const described = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
    // What a library returns may hold more than JSON.
    return described === undefined ? undefined : (JSON.parse(JSON.stringify(described)) as Json);
  } catch {
    return undefined;
  }
}
