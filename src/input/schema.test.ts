import { InvalidInputError } from 'savepoint';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type InferAnswer, jsonSchemaOf, type StandardSchema, validate } from './schema.ts';

const decision = z.object({ approved: z.boolean(), note: z.string().optional() });

/** A schema written by hand, as the standard has it. */
const handmade = (validate: StandardSchema['~standard']['validate']): StandardSchema => ({
  '~standard': { version: 1, vendor: 'acme', validate },
});

const refusal = (run: () => unknown): InvalidInputError => {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const rejection = (answer: unknown): Promise<InvalidInputError> =>
  Promise.resolve(answer).then(
    () => expect.unreachable('it was taken'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(InvalidInputError);
      return error as InvalidInputError;
    },
  );

test('an answer that its schema takes is what the schema parsed, at once', () => {
  expect(validate('r-1/ask', decision, { approved: true, extra: 1 })).toEqual({ approved: true });
  expect(validate('r-1/ask', z.string().transform(Number), '7')).toBe(7);
  expect(validate('r-1/ask', z.string().default('none'), undefined)).toBe('none');
});

test('without a schema anything is taken as it is', () => {
  const answer = { any: new Date(0) };
  expect(validate('r-1/ask', undefined, answer)).toBe(answer);
});

test('an answer that its schema does not take is refused with the reasons and where they lie', () => {
  const team = z.object({ members: z.array(decision) });
  const error = refusal(() =>
    validate('r-1/ask', team, { members: [{ approved: true }, { approved: 'yes' }] }),
  );
  expect(error.input).toBe('r-1/ask');
  expect(error.issues).toEqual([
    { message: expect.stringContaining('expected boolean'), path: ['members', 1, 'approved'] },
  ]);
  expect(error.message).toContain('members.1.approved: ');
  expect(error.cause).toBeUndefined();
});

test('the issues of any library become plain data', () => {
  class Path extends Array<PropertyKey | { key: PropertyKey }> {}
  const path = new Path('items', { key: 2 }, Symbol('secret'), { key: Symbol.iterator });
  const issue = { message: 'no', path, input: () => 1 };
  const error = refusal(() =>
    validate(
      'r-1/ask',
      handmade(() => ({ issues: [issue, { message: 'nor this' }] })),
      1,
    ),
  );
  expect(error.issues).toStrictEqual([
    { message: 'no', path: ['items', 2, 'Symbol(secret)', 'Symbol(Symbol.iterator)'] },
    { message: 'nor this' },
  ]);
  expect(structuredClone(error.issues)).toEqual(error.issues);
});

test('a schema that is asynchronous is answered with a promise', async () => {
  const known = z.string().refine((name) => Promise.resolve(name === 'ann'), 'nobody here has this name');
  const good = validate('r-1/ask', known, 'ann');
  expect(good).toBeInstanceOf(Promise);
  expect(await good).toBe('ann');
  expect((await rejection(validate('r-1/ask', known, 'bob'))).issues).toEqual([
    { message: 'nobody here has this name', path: [] },
  ]);
});

test('a schema that throws refuses the answer and keeps the error', async () => {
  const boom = new Error('boom');
  const thrower = (): never => {
    throw boom;
  };
  const broken = [
    refusal(() => validate('r-1/ask', handmade(thrower), 1)),
    await rejection(
      validate(
        'r-1/ask',
        handmade(() => Promise.reject(boom)),
        1,
      ),
    ),
    await rejection(validate('r-1/ask', z.string().transform(thrower), 'a')),
  ];
  for (const error of broken) {
    expect(error.issues).toEqual([{ message: expect.stringContaining('schema threw (Error: boom)') }]);
    expect(error.cause).toBe(boom);
  }
});

test('a schema that answers nonsense refuses the answer', async () => {
  for (const nonsense of [undefined, null, { issues: [null] }]) {
    const schema = handmade(() => nonsense as never);
    expect(refusal(() => validate('r-1/ask', schema, 1)).cause).toBeInstanceOf(TypeError);
    const later = handmade(() => Promise.resolve(nonsense as never));
    expect((await rejection(validate('r-1/ask', later, 1))).cause).toBeInstanceOf(TypeError);
  }
  expect(refusal(() => validate('r-1/ask', {} as StandardSchema, 1)).cause).toBeInstanceOf(TypeError);
});

test('a schema is described by the JSON Schema of what it takes', () => {
  const amount = z.object({ amount: z.string().transform(Number), note: z.string().optional() });
  expect(jsonSchemaOf(amount)).toStrictEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { amount: { type: 'string' }, note: { type: 'string' } },
    required: ['amount'],
  });
});

test('a schema that JSON Schema cannot say, or whose library does not speak it, has no description', () => {
  expect(jsonSchemaOf(undefined)).toBeUndefined();
  expect(jsonSchemaOf(z.date())).toBeUndefined();
  expect(jsonSchemaOf(handmade((value) => ({ value })))).toBeUndefined();
  expect(jsonSchemaOf({} as StandardSchema)).toBeUndefined();
});

test('the type of an answer is what its schema gives out', () => {
  const amount = z.string().transform(Number);
  expectTypeOf<InferAnswer<typeof amount>>().toEqualTypeOf<number>();
  expectTypeOf<InferAnswer<typeof decision>>().toEqualTypeOf<{
    approved: boolean;
    note?: string | undefined;
  }>();
  expectTypeOf<InferAnswer<undefined>>().toBeUnknown();
  expectTypeOf<InferAnswer<StandardSchema<string, Date>>>().toEqualTypeOf<Date>();
  expectTypeOf(decision).toExtend<StandardSchema>();
});

test('the promise of another library is waited for like any other', async () => {
  const result = { issues: [{ message: 'no' }] };
  const foreign = { then: (took: (given: unknown) => void) => took(result) };
  const answer = validate(
    'r-1/ask',
    handmade(() => foreign as unknown as Promise<typeof result>),
    1,
  );
  expect(answer).toBeInstanceOf(Promise);
  await rejection(answer);
});
