/**
 * The ids of questions: readable, and known before the question opens.
 *
 * @module
 */
import { InvalidArgumentError } from '../errors.ts';
import { checkId } from '../ids.ts';
import { childPath } from '../xstate/actor-path.ts';

/** Where a question is asked. */
export interface QuestionPlace {
  /** The run's id. */
  readonly run: string;
  /** The path of the actor that asks, as `actorPath()` makes it: `''` for the root. */
  readonly actor: string;
  /** The id of the state that asks; `undefined` where the actor itself is the question. */
  readonly state: string | undefined;
  /** 1 when it opens first, 2 when it opens again. */
  readonly times: number;
}

// Run, then `/` and an id for each level, then `:` and a state, then `#` and a number from 2 on.
const grammar = /^([^/:#]+)((?:\/[^/:#]+)*)(?::([^/:#]+))?(?:#([2-9]|[1-9]\d{1,14}))?$/;
const common = /^[\w.-]{1,200}(?:\/[\w.-]{1,200})*[/:][\w.-]{1,200}$/;
const escapes = /%(?:25|2F|3A|23)/g;

/** The run and a state are written as an actor's id is in its path. */
const encode = (part: string): string => childPath('', part);
const decode = (part: string): string => part.replace(escapes, decodeURIComponent);

/**
 * The id of a question.
 *
 * ```ts
 * questionId({ run: 'r-42', actor: 'approval' }); // 'r-42/approval'
 * questionId({ run: 'r-42', actor: '', state: 'refund.review' }); // 'r-42:refund.review'
 * questionId({ run: 'r-42', actor: 'approval', times: 2 }); // 'r-42/approval#2'
 * ```
 *
 * Throws `InvalidArgumentError` where `parseQuestionId()` would not take it.
 */
export function questionId(place: Pick<QuestionPlace, 'run' | 'actor'> & Partial<QuestionPlace>): string {
  const { run, actor, state, times = 1 } = place;
  let id = encode(run);
  if (actor !== '') id += `/${actor}`;
  if (state !== undefined) id += `:${encode(state)}`;
  if (times !== 1) id += `#${times}`;
  // Most are made of what can be nothing else.
  if (!common.test(id)) parseQuestionId(id);
  return id;
}

/** The id of a question without its number, and the number. */
export function splitTimes(id: string): readonly [base: string, times: number] {
  const at = id.indexOf('#');
  return at < 0 ? [id, 1] : [id.slice(0, at), Number(id.slice(at + 1))];
}

/**
 * What the id of a question says.
 *
 * ```ts
 * parseQuestionId('r-42/approval#2'); // { run: 'r-42', actor: 'approval', state: undefined, times: 2 }
 * ```
 *
 * Each question has one id: a text that only means the same (`r%2D42/approval`, `r-42/approval#1`) is refused.
 * Throws `InvalidArgumentError` for what cannot be the id of a question.
 */
export function parseQuestionId(id: string): QuestionPlace {
  const parts = typeof id === 'string' ? grammar.exec(id) : null;
  const [, run = '', path = '', state, times = '1'] = parts ?? [];
  const wrong =
    parts === null
      ? 'is not written like one'
      : path === '' && state === undefined
        ? 'names no actor and no state'
        : id.replace(escapes, '').includes('%')
          ? 'has a % that encodes none of % / : #'
          : /[\0\p{Surrogate}]/u.test(id)
            ? 'holds a NUL character or is not well-formed Unicode'
            : undefined;
  if (wrong)
    throw new InvalidArgumentError(
      `The question id ${typeof id === 'string' ? `'${id.slice(0, 100)}'` : `(${typeof id})`} ${wrong}. ` +
        `Take the id of a pending input, or write it like 'r-42/approval' or 'r-42:refund.review'.`,
    );
  checkId('run', decode(run));
  return {
    run: decode(run),
    actor: path.slice(1),
    state: state === undefined ? undefined : decode(state),
    times: Number(times),
  };
}
