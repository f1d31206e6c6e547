/** What must be so of each conversation, whenever its processes were killed. Each check gives what is not. */
import { modelMessageSchema } from 'ai';
import { isDeepStrictEqual } from 'node:util';
import type { LoggedCall } from '../../support/agent/model-server.ts';
import { deeds, edited } from './conversation.ts';
import { placeOf, type Entry } from './outside.ts';
import type { Stored } from './people.ts';

/** A conversation at its end. */
export interface Ended {
  readonly run: string;
  /** What the server got for it. */
  readonly calls: readonly LoggedCall[];
  /** What its tools did. */
  readonly entries: readonly Entry[];
  /** What each process left of it; the last one ended it. */
  readonly left: readonly (Stored | undefined)[];
}

/** Which process made a call. */
const lifeOf = ({ authorization }: LoggedCall): number => Number(authorization?.replace('Bearer ', ''));

/** What was committed when a process began. */
const before = ({ left }: Ended, life: number): Stored | undefined => left[life - 2];

/** No call whose answer is committed is made again; another one once in each process, and always the same. */
export function checkCalls(ended: Ended, undisturbed: Ended): string[] {
  const faults: string[] = [];
  const made = new Set<string>();
  for (const call of ended.calls) {
    const { key, body } = call;
    const life = lifeOf(call);
    const fault = (what: string): void => void faults.push(`${key} in process ${life}: ${what}`);
    if (made.has(`${key} ${life}`)) fault('the model was asked twice');
    made.add(`${key} ${life}`);
    if (before(ended, life)?.messages.some(({ id }) => id === key)) fault('it was answered before that');
    const same = undisturbed.calls.find((other) => other.key === key);
    if (!same) fault('nobody else asks that');
    else if (!isDeepStrictEqual(body, same.body)) fault('it says something else than without kills');
  }
  for (const { key } of undisturbed.calls)
    if (!ended.calls.some((call) => call.key === key)) faults.push(`${key} was never made`);
  return faults;
}

/** No tool whose result is committed runs again, no finished step either, and each call is one effect. */
export function checkTools(ended: Ended): string[] {
  const faults: string[] = [];
  const begun = new Set<string>();
  const effects = new Map<string, string>();
  const over = new Set<string>();
  for (const { effectId, at, life, input } of ended.entries) {
    const { call, step } = placeOf(effectId);
    const fault = (what: string): void => void faults.push(`${effectId} in process ${life}: ${what}`);
    if (at === 'end') continue;
    if (begun.has(`${effectId} ${life}`)) fault('it ran twice');
    begun.add(`${effectId} ${life}`);
    if (hasResult(before(ended, life), call)) fault('its result was there before that');
    // A step is finished when the next one begins.
    if (step === 'rank') over.add(`${call} fetch`);
    if (over.has(`${call} ${step}`)) fault('it was finished before that');
    if ((effects.get(`${call} ${step}`) ?? effectId) !== effectId) fault('it has another effect id');
    effects.set(`${call} ${step}`, effectId);
    if (call === 'hotel' && !isDeepStrictEqual(input, edited))
      fault('it ran with the arguments of the model');
    if (!(call in deeds)) fault('it was denied');
  }
  for (const [call, steps] of Object.entries(deeds))
    for (const step of steps.length > 0 ? steps : ['']) {
      const isDone = ended.entries.some((entry) => {
        const place = placeOf(entry.effectId);
        return entry.at === 'end' && place.call === call && place.step === step;
      });
      if (!isDone) faults.push(`${ended.run}/${call}: ${step || 'it'} never came to its end`);
    }
  return faults;
}

function hasResult(stored: Stored | undefined, call: string): boolean {
  return (stored?.messages ?? []).some(
    ({ role, content }) =>
      role === 'tool' && content.some((part) => part.type === 'tool-result' && part.toolCallId === call),
  );
}

/** The transcript, message for message, and what was used are those of a run that nobody killed. */
export function checkTranscript({ run, left }: Ended, undisturbed: Ended): string[] {
  const { messages = [], usage } = left.at(-1) ?? {};
  const same = undisturbed.left.at(-1)!;
  const faults: string[] = [];
  for (let at = 0; at < Math.max(messages.length, same.messages.length); at++) {
    const [message, other] = [messages[at], same.messages[at]];
    if (!isDeepStrictEqual(message, other))
      faults.push(
        `${run}: message ${at} is ${JSON.stringify(message)}, and without kills ${JSON.stringify(other)}`,
      );
    if (!modelMessageSchema.safeParse(message).success)
      faults.push(`${run}: message ${at} is not well formed`);
  }
  if (!isDeepStrictEqual(usage, same.usage))
    faults.push(`${run}: it used ${JSON.stringify(usage)}, and without kills ${JSON.stringify(same.usage)}`);
  return faults;
}

/** How many calls of the model came again, all of which a kill cut off. */
export const callsAgain = ({ calls }: Ended): number =>
  calls.length - new Set(calls.map(({ key }) => key)).size;

/** How many deeds of tools came again. */
export function deedsAgain({ entries }: Ended): number {
  const begun = entries.filter(({ at }) => at === 'begin');
  return begun.length - new Set(begun.map(({ effectId }) => effectId)).size;
}
