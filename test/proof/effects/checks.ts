/** What must be so of each order, whenever its processes were killed. Each check gives what is not. */
import { isDeepStrictEqual } from 'node:util';
import type { Desk } from './desk.ts';
import { actionNames, flaky, isWhole, pause, questionsOf, restless, stepNames } from './machine.ts';
import type { Entry } from './outside.ts';

/** All tries of steps in the order in which they must come: `step 4 1`, `step 4 2`, `step 5 1`. */
const tries = stepNames.flatMap((name) => (name === flaky ? [`${name} 1`, `${name} 2`] : [`${name} 1`]));

/** How often something began again after a kill. */
interface Again {
  readonly faults: readonly string[];
  readonly again: number;
}

/**
 * A try is finished once its journal entry is committed, and only then the next one begins: whatever begins
 * again after that ran twice.
 */
export function checkSteps(run: string, entries: readonly Entry[]): Again {
  const faults: string[] = [];
  const begun = entries.filter(({ at }) => at === 'begin');
  const effects = new Set<string>();
  const lives = new Set<string>();
  let newest = -1;
  let again = 0;
  for (const { what, name, attempt, effectId, life } of begun) {
    if (what === 'action') {
      newest = tries.length;
      continue;
    }
    const one = `${name} ${attempt}`;
    const place = tries.indexOf(one);
    if (place < newest) faults.push(`${run}: ${one} ran again after it was finished`);
    if (place > newest + 1 || place < 0) faults.push(`${run}: ${one} came too early`);
    if (place === newest) again++;
    newest = Math.max(newest, place);
    if (lives.has(`${one} ${life}`)) faults.push(`${run}: ${one} ran twice in one process`);
    lives.add(`${one} ${life}`);
    // One effect in all processes, and in it a name for each step.
    if (!effectId.endsWith(`/${name}`)) faults.push(`${run}: ${name} ran as ${effectId}`);
    effects.add(effectId.slice(0, -name.length - 1));
  }
  if (newest < tries.length) faults.push(`${run}: no action came after its steps`);
  const [effect = ''] = effects;
  if (effects.size !== 1 || !effect.startsWith(`${run}/fulfil:`))
    faults.push(`${run}: its steps are of the effects ${[...effects].join(', ')}`);
  return { faults: [...faults, ...checkPause(run, entries)], again };
}

/** A kill makes a pause no shorter. */
function checkPause(run: string, entries: readonly Entry[]): string[] {
  const before = entries.findLast(({ name, at }) => name === restless && at === 'end');
  const after = entries.find(({ name }) => name === stepNames[stepNames.indexOf(restless) + 1]);
  const rested = (after?.time ?? 0) - (before?.time ?? 0);
  return rested < pause - 5 ? [`${run}: it rested ${rested} ms of ${pause}`] : [];
}

/** Every action comes at least once, each when the one before it is over. */
export function checkActions(run: string, entries: readonly Entry[]): Again {
  const faults: string[] = [];
  const ids = new Map<string, string>();
  const over = new Set<string>();
  const lives = new Set<string>();
  let again = 0;
  for (const { what, at, name, effectId, life } of entries) {
    if (what === 'step') continue;
    if (at === 'end') {
      over.add(name);
      continue;
    }
    const before = actionNames[actionNames.findIndex((one) => one === name) - 1];
    if (before !== undefined && !over.has(before))
      faults.push(`${run}: ${name} came before ${before} was over`);
    if (ids.has(name)) again++;
    if ((ids.get(name) ?? effectId) !== effectId)
      faults.push(`${run}: ${name} ran as ${ids.get(name)} and as ${effectId}`);
    ids.set(name, effectId);
    if (lives.has(`${name} ${life}`)) faults.push(`${run}: ${name} ran twice in one process`);
    lives.add(`${name} ${life}`);
  }
  for (const name of actionNames) if (!over.has(name)) faults.push(`${run}: ${name} is lost`);
  if (new Set(ids.values()).size !== ids.size) faults.push(`${run}: two actions have one effect id`);
  return { faults, again };
}

/** Every answer that was acknowledged is applied once: in the order, in its record, and outside. */
export async function checkAnswers(run: string, entries: readonly Entry[], desk: Desk): Promise<string[]> {
  const faults: string[] = [];
  const { snapshot, records } = await desk.read(run);
  const { context } = snapshot as { context: Parameters<typeof isWhole>[0] };
  const plans = questionsOf(run).map((question) => desk.plans.get(question));
  const words = plans.map((plan) => plan?.word ?? '');
  if (!isDeepStrictEqual(context.answers, words))
    faults.push(
      `${run}: it has the answers ${context.answers.join(', ')}, and was given ${words.join(', ')}`,
    );
  if (!isWhole(context)) faults.push(`${run}: what its steps gave is another`);
  for (const { what, name, answers } of entries) {
    const known = what === 'action' && name === 'ship' ? words : words.slice(0, 1);
    if (!isDeepStrictEqual(answers, known)) faults.push(`${run}: ${name} was told ${answers.join(', ')}`);
  }
  for (const [at, record] of records.entries()) {
    const expected = { status: 'answered', by: plans[at]?.id, value: { word: words[at] } };
    const { status, by, value } = record ?? {};
    if (!isDeepStrictEqual({ status, by, value }, expected))
      faults.push(`${run}: the record of ${questionsOf(run)[at]} is ${JSON.stringify(record)}`);
    if (record && record.others.length > 0) faults.push(`${run}: an answer that was sent again was refused`);
  }
  return faults;
}

/** How many steps and actions a kill cut off. */
export function countCut(entries: readonly Entry[]): number {
  const begins = entries.filter(({ at }) => at === 'begin').length;
  return 2 * begins - entries.length;
}
