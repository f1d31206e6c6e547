/** A question that a run is waiting on, as people see it and as it is stored. */
import type { Codec } from '../checkpoint/codec.ts';
import type { Json } from '../checkpoint/json.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import { defined } from '../defined.ts';
import { StoreError } from '../errors.ts';
import type { Question, StoredQuestion } from '../store.ts';
import { parseQuestionId } from './ids.ts';

/** A question that a run is waiting on. */
export interface PendingInput {
  /** Readable and known beforehand: `r-42/approval`, `r-42:refund.review`. */
  readonly id: string;
  readonly run: string;
  /** The id of the run's machine. */
  readonly machine: string;
  /** The path of the actor that asks, `''` for the root. */
  readonly actor: string;
  /** The id of the state that asks, where it is one. */
  readonly state: string | undefined;
  /** What a person reads. */
  readonly prompt: string | undefined;
  /** Whatever helps to answer. */
  readonly details: unknown;
  /** What may be chosen from, for a form. */
  readonly choices: readonly unknown[] | undefined;
  /** JSON Schema of an answer, where its library can say it. */
  readonly schema: Json | undefined;
  /** Of a state: the type of the event that the answer is sent as. */
  readonly event: string | undefined;
  /** Of a state without such an event: the answer is an event of one of these types. */
  readonly accepts: readonly string[] | undefined;
  /** Who is asked. */
  readonly assignee: string | undefined;
  /** Past it nobody can answer any more. In milliseconds since 1970. */
  readonly deadline: number | undefined;
  /** When it was asked, in milliseconds since 1970. */
  readonly opened: number;
  /** The run's. */
  readonly tags: readonly string[];
  /** In a list, why it cannot be read. Then nothing is known of it but what finds it, and it takes no answer. */
  readonly error?: { readonly name: string; readonly message: string };
}

/** What a stored question holds that stores do not look at. */
export type QuestionBody = Partial<
  Pick<PendingInput, 'prompt' | 'details' | 'choices' | 'schema' | 'event' | 'accepts' | 'deadline'>
> & {
  /** The names by which the logic that asks is found again; for a step, its effect's. */
  readonly sources?: readonly string[];
  /** The key of the effect that asks, where it is none of the machine's own questions. */
  readonly effect?: string;
  /** Its answer past the deadline. */
  readonly default?: unknown;
};

/** As it is stored. Throws `NotSerializableError`. */
export function encodeQuestion(input: PendingInput, rest: QuestionBody, codec: Codec): Question {
  const { id, machine, actor, assignee, tags, opened } = input;
  const { prompt, details, choices, schema, event, accepts, deadline } = input;
  const body = defined({ prompt, details, choices, schema, event, accepts, deadline, ...rest });
  const value = encodeText(codec, body, { actor, path: `input('${id}')` });
  return { id, machine, assignee, tags, opened, value };
}

/** As people see it, and what is stored with it. */
export interface DecodedQuestion {
  readonly input: PendingInput;
  readonly body: QuestionBody;
}

/** Reads a question. Throws what the store says of one that it cannot read, or a `StoreError` where it is none. */
export async function decodeQuestion(stored: StoredQuestion, codec: Codec): Promise<DecodedQuestion> {
  const { id, run, machine, assignee, tags, opened, value, damage } = stored;
  if (damage) throw damage;
  try {
    const body = (await decodeText(codec, value)) as QuestionBody;
    const { actor, state } = parseQuestionId(id);
    const { prompt, details, choices, schema, event, accepts, deadline } = body;
    const said = { prompt, details, choices, schema, event, accepts, deadline };
    return { input: { id, run, machine, actor, state, ...said, assignee, opened, tags }, body };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(
      `The question '${id}' of run '${run}' cannot be read: ${reason}. Restore it from a backup of the store.`,
      'failed',
      { cause },
    );
  }
}

/** As it is listed among others, which are not to suffer from one that cannot be read. */
export async function listedQuestion(stored: StoredQuestion, codec: Codec): Promise<PendingInput> {
  try {
    return (await decodeQuestion(stored, codec)).input;
  } catch (damage) {
    const { name, message } = damage as Error;
    const { id, run, machine, assignee, tags, opened } = stored;
    return {
      ...unknown,
      ...askerOf(id),
      id,
      run,
      machine,
      assignee,
      tags,
      opened,
      error: { name, message },
    };
  }
}

/** What is not known of a question that cannot be read. */
const unknown = {
  prompt: undefined,
  details: undefined,
  choices: undefined,
  schema: undefined,
  event: undefined,
  accepts: undefined,
  deadline: undefined,
};

/** Who asks, as far as the id tells. */
function askerOf(id: string): Pick<PendingInput, 'actor' | 'state'> {
  try {
    const { actor, state } = parseQuestionId(id);
    return { actor, state };
  } catch {
    return { actor: '', state: undefined };
  }
}
