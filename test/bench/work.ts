/** The work of W1, W2, W4 and W5 over a store, and opening what W2 left. Runs in a browser as well. */
import type { createRuntime, Store } from 'savepoint';
import type { chat, makeRequest, makeWalk, review, steps, Turn } from './machines.ts';

export interface Maker {
  readonly createRuntime: typeof createRuntime;
}

/** How fast a talk went. */
export interface Talk {
  /** Turns a second. */
  readonly rate: number;
  /** How long the last 100 turns took, as a multiple of the first 100. */
  readonly growth: number;
}

/** Steps a second: so many runs at once, and so many steps of each. Closes the store. */
export async function takeSteps(
  { createRuntime }: Maker,
  store: Store,
  machine: typeof steps | ReturnType<typeof makeWalk>,
  runs: number,
  each: number,
): Promise<number> {
  const runtime = createRuntime({ store, machines: [machine] });
  const since = performance.now();
  const ended = await Promise.all(
    idsOf(runs).map(async (id) => {
      const run = await runtime.start(machine as typeof steps, { id, input: { steps: each } });
      return { sum: await run.done(), seq: run.seq };
    }),
  );
  const rate = rateSince(since, runs * each);
  checkAll(
    ended.map(({ sum }) => sum),
    each,
  );
  // One for the start, and one a step or one for all of them.
  checkAll(
    ended.map(({ seq }) => seq),
    machine.id === 'steps' ? each + 1 : 2,
  );
  await runtime.close();
  await store.close();
  return rate;
}

/** A chat of so many turns, one after another. Closes the store. */
export async function converse(
  { createRuntime }: Maker,
  store: Store,
  machine: typeof chat,
  turns: readonly Turn[],
): Promise<Talk> {
  const runtime = createRuntime({ store, machines: [machine] });
  const run = await runtime.start(machine, { id: 'chat' });
  const talked = await talk(turns, (turn) => run.send(turn));
  const { messages } = run.getSnapshot().context;
  if (messages.length !== 2 * turns.length || run.seq !== turns.length + 1)
    throw new Error('The chat lost a turn.');
  await runtime.close();
  await store.close();
  return talked;
}

export async function talk(turns: readonly Turn[], send: (turn: Turn) => unknown): Promise<Talk> {
  const since = performance.now();
  const marks = [since];
  for (const [at, turn] of turns.entries()) {
    await send(turn);
    if ((at + 1) % 100 === 0) marks.push(performance.now());
  }
  const rate = rateSince(since, turns.length);
  const hundreds = marks.slice(1).map((mark, at) => mark - marks[at]!);
  return { rate, growth: hundreds.at(-1)! / hundreds[0]! };
}

/** How many milliseconds it takes to open a chat of so many turns again, with the store open already. Closes the store. */
export async function reopen(
  { createRuntime }: Maker,
  store: Store,
  machine: typeof chat,
  turns: number,
): Promise<number> {
  const runtime = createRuntime({ store, machines: [machine] });
  await runtime.get('chat');
  const since = performance.now();
  const run = await runtime.open(machine, 'chat');
  const took = performance.now() - since;
  if (run.getSnapshot().context.messages.length !== 2 * turns)
    throw new Error('The opened chat is not whole.');
  await runtime.close();
  await store.close();
  return took;
}

/** Runs a second that wait for a person and are answered. All start, then all are answered. Closes the store. */
export async function answerAll(
  { createRuntime }: Maker,
  store: Store,
  machine: typeof review | ReturnType<typeof makeRequest>,
  count: number,
  questionOf: (run: string) => string,
): Promise<number> {
  const ids = idsOf(count);
  const decision = { approved: true };
  const runtime = createRuntime({ store, machines: [machine] });
  const since = performance.now();
  const runs = await Promise.all(ids.map((id) => runtime.start(machine as typeof review, { id })));
  await Promise.all(ids.map((id) => runtime.answer(questionOf(id), decision, { by: 'ann' })));
  const rate = rateSince(since, count);
  const outputs = await Promise.all(runs.map((run) => run.done()));
  if (!outputs.every((output) => output)) throw new Error('An answer came to nothing.');
  await runtime.close();
  await store.close();
  return rate;
}

export const idsOf = (runs: number): string[] => Array.from({ length: runs }, (_, run) => `run-${run}`);

/** How many a second, from `since` until now. */
export function rateSince(since: number, count: number): number {
  return count / ((performance.now() - since) / 1000);
}

export function checkAll(values: readonly (number | undefined)[], expected: number): void {
  const wrong = values.find((value) => value !== expected);
  if (wrong !== undefined || values.includes(undefined))
    throw new Error(`A run ended with ${wrong} in place of ${expected}.`);
}
