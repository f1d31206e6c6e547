/** Actor logic that is a question to a person. */
import type { AnyEventObject, PromiseActorLogic, PromiseSnapshot } from 'xstate';
import { InputExpiredError, InvalidArgumentError } from '../errors.ts';
import type { InferAnswer, StandardSchema } from './schema.ts';

/** What is asked. */
export interface InputQuestion {
  /** What a person reads, in one sentence. */
  readonly prompt?: string;
  /** Whatever helps to answer. Must be storable. */
  readonly details?: unknown;
  /** What may be chosen from, for a form. The schema says what is taken. */
  readonly choices?: readonly unknown[];
  /** Past it nobody can answer any more: a date, or milliseconds since 1970 by the clock of the run. */
  readonly deadline?: Date | number;
  /** Who is asked, to be found by in `runtime.inputs({ assignee })`. */
  readonly assignee?: string;
  /** What the answer is past the deadline. Without it, the actor fails then with an `InputExpiredError`. */
  readonly default?: unknown;
}

/** What may be said about all questions of one kind. */
export interface InputRequestOptions<
  TSchema extends StandardSchema | undefined = StandardSchema | undefined,
> {
  /** Checks answers: any Standard Schema. Without it, anything is taken. */
  readonly schema?: TSchema;
  /** For questions that say none themselves: what the answer is past the deadline. */
  readonly default?: InferAnswer<TSchema>;
}

const request: unique symbol = Symbol.for('savepoint.inputRequest');

/** The type of the event that brings an actor its answer. */
export const ANSWER = 'savepoint.answer';
/** The type of the event that tells an actor that its deadline has passed. */
export const EXPIRED = 'savepoint.expired';
/** The id of the delay that sends it, by which it is told from the delays of a machine. */
export const DEADLINE = 'savepoint.deadline';

/**
 * Actor logic that asks a person: its input is the question, its output the answer. Under a runtime each such actor is a
 * pending input, however deep in the tree, as long as it takes. With a plain `createActor()` it waits for ever.
 *
 * @example
 * setup({ actors: { approval: inputRequest({ schema: z.object({ approved: z.boolean() }) }) } }).createMachine({
 *   // …
 *   invoke: {
 *     src: 'approval',
 *     input: ({ context }) => ({ prompt: `Refund ${context.amount} €?`, assignee: 'ann@example.com' }),
 *     onDone: { target: 'paying', guard: ({ event }) => event.output.approved },
 *   },
 * });
 *
 * @throws InvalidArgumentError for a schema that is no Standard Schema. An actor whose question is not written as one
 * fails with it, too, and one whose `deadline` is past fails with an `InputExpiredError` as soon as it has asked.
 */
export function inputRequest<TSchema extends StandardSchema | undefined = undefined>(
  options: InputRequestOptions<TSchema> = {},
): PromiseActorLogic<InferAnswer<TSchema>, InputQuestion | undefined> {
  type Asked = PromiseSnapshot<InferAnswer<TSchema>, InputQuestion | undefined>;
  const { schema } = options;
  if (
    schema !== undefined &&
    typeof (schema as Partial<StandardSchema>)['~standard']?.validate !== 'function'
  )
    throw new InvalidArgumentError("'schema' is a Standard Schema, such as z.object({ … }) of zod.");
  const logic: PromiseActorLogic<InferAnswer<TSchema>, InputQuestion | undefined> & {
    readonly [request]: object;
  } = {
    [request]: options,
    config: undefined!,
    transition: (snapshot: Asked, event: AnyEventObject): Asked => {
      if (snapshot.status !== 'active') return snapshot;
      const ended = { ...snapshot, input: undefined };
      switch (event.type) {
        case ANSWER:
          return { ...ended, status: 'done', output: event['value'] as InferAnswer<TSchema> };
        case EXPIRED:
          return event['hasDefault']
            ? { ...ended, status: 'done', output: event['value'] as InferAnswer<TSchema> }
            : { ...ended, status: 'error', error: expired(event) };
        case 'xstate.stop':
          return { ...ended, status: 'stopped' };
        default:
          return snapshot;
      }
    },
    getInitialSnapshot: (_, input) => {
      checkQuestion(input);
      return { status: 'active', output: undefined, error: undefined, input };
    },
    getPersistedSnapshot: (snapshot) => snapshot,
    restoreSnapshot: (snapshot) => snapshot as Asked,
  };
  return logic;
}

const expired = ({ input, deadline }: AnyEventObject): InputExpiredError =>
  new InputExpiredError(input as string, new Date(deadline as number));

/** What an actor's logic says of its questions, if it is of `inputRequest()`. */
export const requestOf = (logic: object): InputRequestOptions | undefined =>
  (logic as { readonly [request]?: InputRequestOptions })[request];

/** Throws `InvalidArgumentError` where a question cannot be asked. */
export function checkQuestion(given: unknown): asserts given is InputQuestion | undefined {
  if (given !== undefined && (typeof given !== 'object' || given === null))
    throw new InvalidArgumentError(
      `A question is an object, such as { prompt: 'Approve?' }; it was a ${typeof given}.`,
    );
  const { prompt, deadline, assignee, choices } = (given ?? {}) as Readonly<Record<string, unknown>>;
  const refuse = (name: string, what: string, value: unknown): never => {
    throw new InvalidArgumentError(`The '${name}' of a question is ${what}; it was ${String(value)}.`);
  };
  if (prompt !== undefined && typeof prompt !== 'string') refuse('prompt', 'a text', prompt);
  if (assignee !== undefined && (typeof assignee !== 'string' || assignee === ''))
    refuse('assignee', 'a text that names a person or a role', assignee);
  if (choices !== undefined && !Array.isArray(choices)) refuse('choices', 'a list', choices);
  const isTime = typeof deadline === 'number' || deadline instanceof Date;
  if (deadline !== undefined && !(isTime && !Number.isNaN(Number(deadline))))
    refuse('deadline', 'a Date or milliseconds since 1970', deadline);
}
