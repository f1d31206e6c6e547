/** Lists open questions over all runs, a page at a time. */
import type { Codec } from '../checkpoint/codec.ts';
import type { QuestionScan, Store, StoredQuestion } from '../store.ts';
import { decodeQuestion, listedQuestion, type DecodedQuestion, type PendingInput } from './pending-input.ts';

/** Which open questions to list. All that is given must hold. */
export interface InputQuery {
  /** The id of a machine. */
  readonly machine?: string;
  /** The id of a run. */
  readonly run?: string;
  /** Who is asked. */
  readonly assignee?: string;
  /** One of the run's tags. */
  readonly tag?: string;
  /** Asked before this. */
  readonly before?: Date | number;
}

const PAGE = 200;

const toScan = ({ before, ...query }: InputQuery): Omit<QuestionScan, 'limit'> => ({
  ...query,
  openedTo: before === undefined ? undefined : Number(before),
});

/** Oldest first. */
export async function* listInputs(
  store: Store,
  codec: Codec,
  query: InputQuery,
): AsyncGenerator<PendingInput> {
  for await (const question of storedQuestions(store, query)) yield listedQuestion(question, codec);
}

/** The same, as they are stored. */
export async function* storedQuestions(store: Store, query: InputQuery): AsyncGenerator<StoredQuestion> {
  for (let after: StoredQuestion | undefined; ;) {
    const page = await store.questions({ ...toScan(query), after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}

/** All that a run asks. */
export async function readQuestions(
  { store, inline }: { readonly store: Store; readonly inline: Codec },
  run: string,
): Promise<DecodedQuestion[]> {
  const questions: DecodedQuestion[] = [];
  for await (const question of storedQuestions(store, { run }))
    questions.push(await decodeQuestion(question, inline));
  return questions;
}

/** Does a question belong to a list? */
export const isListed = (input: PendingInput, { machine, run, assignee, tag, before }: InputQuery): boolean =>
  (machine === undefined || input.machine === machine) &&
  (run === undefined || input.run === run) &&
  (assignee === undefined || input.assignee === assignee) &&
  (tag === undefined || input.tags.includes(tag)) &&
  (before === undefined || input.opened < Number(before));
