/** The process that is killed: it has the orders, starts new ones, and answers questions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, currentEffect, type Runtime } from 'savepoint';
import { openPlace, type Place } from '../place.ts';
import type { Loaded } from '../worker-process.ts';
import { type Doings, makeOrder } from './machine.ts';
import { type Deed, reachOutside } from './outside.ts';

/** How often it looks for orders that nobody has, in milliseconds. */
const round = 100;

/** An answer to a question, always the same one under the same id. */
export interface Said {
  readonly question: string;
  readonly id: string;
  readonly word: string;
}

/** Where the orders are, where the outside world is, and which process this is, counted from 1. */
interface Opening {
  readonly place: Place;
  readonly port: number;
  readonly life: number;
}

export type Order =
  | { readonly begin: Opening }
  | { readonly start: readonly string[] }
  | { readonly answer: Said }
  | { readonly end: true };

export type Answer =
  | { readonly recovered: readonly string[] }
  | { readonly started: string }
  | { readonly acknowledged: Said; readonly seq: number | undefined }
  | { readonly ended: true }
  | { readonly fault: string };

const tell = (answer: Answer, then = (): void => {}): void => void process.send?.(answer, then);
const fault = (error: unknown): void =>
  tell({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });

let runtime: Runtime;
let order: ReturnType<typeof makeOrder>;
let end = async (): Promise<void> => {};

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (told: Order) => {
  if ('begin' in told) void begin(told.begin).catch(fault);
  else if ('start' in told) for (const id of told.start) void start(id).catch(fault);
  else if ('answer' in told) void answer(told.answer).catch(fault);
  else void end().catch(fault);
});

async function begin({ place, port, life }: Opening): Promise<void> {
  const outside = reachOutside(port, life);
  const doing = async (deed: Omit<Deed, 'at'>, most: number): Promise<void> => {
    const effect = currentEffect();
    if (effect?.effectId !== deed.effectId) fault(`${deed.effectId} runs as ${effect?.effectId}`);
    await outside({ ...deed, at: 'begin' });
    await sleep(Math.random() * most);
    await outside({ ...deed, at: 'end' });
  };
  const doings: Doings = {
    step: (name, effect, answers) =>
      doing({ what: 'step', run: runOf(effect.effectId), name, ...effect, answers }, 10),
    action: (name, answers) => {
      const { effectId, attempt } = currentEffect()!;
      return doing({ what: 'action', run: runOf(effectId), name, effectId, attempt, answers }, 25);
    },
  };
  order = makeOrder(doings);
  const opened = openPlace(place);
  runtime = createRuntime({
    store: opened.store,
    machines: [order],
    limits: { poll: 20, recoveries: 100 },
    logger: () => {},
  });
  const recovered = await recover();
  tell({ recovered: recovered.opened });
  const looking = setInterval(() => void recover().catch(fault), round);
  end = async () => {
    clearInterval(looking);
    await runtime.close();
    await opened.close();
    tell({ ended: true }, () => process.exit());
  };
}

/** Opens what others left, and what somebody has answered meanwhile. */
async function recover(): Promise<{ readonly opened: readonly string[] }> {
  const report = await runtime.recover();
  for (const run of report.quarantined) fault(`${run} was quarantined`);
  for (const { run, error } of report.failed) fault(`${run} was not recovered: ${String(error)}`);
  return report;
}

async function start(id: string): Promise<void> {
  await runtime.ensure(order, { id });
  tell({ started: id });
}

async function answer(said: Said): Promise<void> {
  const { question, id, word } = said;
  const { seq } = await runtime.answer(question, { word }, { id, by: id });
  tell({ acknowledged: said, seq });
}

/** The ids of effects begin with the run's, which has no such character here. */
const runOf = (effectId: string): string => effectId.split(/[/:]/, 1)[0]!;

process.send?.({ loaded: true } satisfies Loaded);
