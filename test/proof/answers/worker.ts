/** A process that answers questions while another answers the same ones, or that has their runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, InputClosedError, type Runtime } from 'savepoint';
import { type OpenedPlace, openPlace, type Place } from '../place.ts';
import type { Loaded } from '../worker-process.ts';
import { answerOf, ballot } from './machine.ts';

/** Who it is, and where. */
interface Part {
  readonly place: Place;
  readonly who: string;
  /** Does it take what other processes left? */
  readonly recovers: boolean;
}

export type Order =
  | { readonly begin: Part }
  | { readonly start: readonly string[] }
  /** The first at that time, in milliseconds since 1970, and each of the others a little later than the one before it. */
  | { readonly answer: readonly string[]; readonly at: number }
  | { readonly end: true };

/** What became of an answer. */
export interface Outcome {
  readonly input: string;
  /** When it was under way, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** It came second, and this is what was said of the first. */
  readonly closed?: Pick<InputClosedError, 'reason' | 'by' | 'at'> | undefined;
}

export type Answer =
  | { readonly ready: true }
  | { readonly started: true }
  | { readonly outcome: Outcome }
  | { readonly answered: true }
  | { readonly ended: true }
  | { readonly fault: string };

/** How much later, in milliseconds. Both processes keep to it, so that their answers meet. */
const gap = 5;
/** How often it looks for runs that nobody has, in milliseconds. */
const round = 100;

let who = '';
let opened: OpenedPlace;
let runtime: Runtime;
let looking: NodeJS.Timeout | undefined;

const tell = (answer: Answer, then = (): void => {}): void => void process.send?.(answer, then);
const fault = (error: unknown): void =>
  tell({ fault: `${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => {
  obey(order).catch(fault);
});

async function obey(order: Order): Promise<void> {
  if ('begin' in order) {
    await begin(order.begin);
    tell({ ready: true });
  } else if ('start' in order) {
    await Promise.all(order.start.map((id) => runtime.ensure(ballot, { id })));
    tell({ started: true });
  } else if ('answer' in order) {
    const answers = order.answer.map((input, n) => answer(input, order.at + n * gap));
    await Promise.all(answers);
    tell({ answered: true });
  } else {
    clearInterval(looking);
    await runtime.close();
    await opened.close();
    tell({ ended: true }, () => process.exit());
  }
}

async function begin({ place, who: name, recovers }: Part): Promise<void> {
  who = name;
  opened = openPlace(place);
  runtime = createRuntime({
    store: opened.store,
    machines: [ballot],
    limits: { poll: 20, recoveries: 100 },
    logger: () => {},
  });
  if (!recovers) return;
  await recover();
  looking = setInterval(() => void recover().catch(fault), round);
}

async function recover(): Promise<void> {
  const { quarantined, failed } = await runtime.recover();
  for (const run of quarantined) fault(`${run} was quarantined`);
  for (const { run, error } of failed) fault(`${run} was not recovered: ${String(error)}`);
}

async function answer(input: string, at: number): Promise<void> {
  await sleep(at - now());
  const from = now();
  const closed = await runtime
    .answer(input, { for: answerOf(who, input) }, { id: `${who} ${input}`, by: who })
    .then(() => undefined, whyClosed);
  tell({ outcome: { input, from, to: now(), closed } });
}

function whyClosed(error: unknown): Outcome['closed'] {
  if (!(error instanceof InputClosedError)) throw error;
  const { reason, by, at } = error;
  return { reason, by, at };
}

const now = (): number => performance.timeOrigin + performance.now();

process.send?.({ loaded: true } satisfies Loaded);
