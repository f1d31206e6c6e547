/**
 * A chat of 1,000 turns with an agent: our share of what it costs, which is the whole less the same chat with no store.
 * Its model is an actor that answers at once, so that what the AI SDK takes, several times as long as all the rest, and
 * longer with each message, is in none of the figures. All are of CPU time: shares are small differences.
 */
import { createActor, fromPromise, type AnyActor } from 'xstate';
import { figureOf, ratioOf } from '../measure.ts';
import { newFile } from '../new-file.ts';
import type { Report } from '../report.ts';
import type { Subject } from '../subject.ts';
import { turnsOf } from '../turns.ts';
import { byHand, type Keeper, nothing } from '../without.ts';
import { scriptedModel } from './scripted-model.ts';

const TURNS = 1000;
const TITLE = `Agents: a chat of ${TURNS} turns, ms of CPU a turn but for the model`;

/** Milliseconds of all turns, and of the first and the last hundred. */
interface Took {
  readonly all: number;
  readonly first: number;
  readonly last: number;
}

export async function measureAgentChat(subject: Subject, rounds: number, report: Report): Promise<void> {
  const contenders = {
    'no store': () => chatAlone(subject, nothing),
    'XState by hand, NORMAL': () => chatAlone(subject, byHand(newFile())),
    'savepoint, SQLite NORMAL': () => chatInFile(subject),
  };
  const took: Record<keyof typeof contenders, Took[]> = {
    'no store': [],
    'XState by hand, NORMAL': [],
    'savepoint, SQLite NORMAL': [],
  };
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'Warming up …' : `Round ${round} of ${rounds} …`);
    for (const name of Object.keys(contenders) as (keyof typeof contenders)[]) {
      const one = await contenders[name]();
      if (round > 0) took[name].push(one);
    }
  }
  console.log(`\n${TITLE}`);
  for (const [name, list] of Object.entries(took))
    report.note(TITLE, name, figureOf(list.map(({ all }) => all / TURNS)), ' ms');
  const shareOf = (name: keyof typeof contenders, what: keyof Took): number[] =>
    took[name].map((one, round) => one[what] - took['no store'][round]![what]);
  const ours = (what: keyof Took): number[] => shareOf('savepoint, SQLite NORMAL', what);
  const hand = shareOf('XState by hand, NORMAL', 'all');
  report.note(TITLE, 'our share', figureOf(ours('all').map((ms) => ms / TURNS)), ' ms');
  report.note(TITLE, "by hand's share", figureOf(hand.map((ms) => ms / TURNS)), ' ms');
  report.bar('agent chat: our share, last / first 100', ratioOf(ours('last'), ours('first')), { most: 1.3 });
  report.bar("agent chat: by hand's share, of ours", ratioOf(hand, ours('all')), { least: 15 });
}

/** An agent whose model says what is written. */
function chatterOf({ agent }: Subject) {
  const said = turnsOf(TURNS);
  const model = fromPromise(async ({ input }: { readonly input: { readonly call: number } }) => {
    const text = said[input.call - 1]!.say;
    return {
      id: `answer-${input.call}`,
      content: [{ type: 'text', text }],
      ...{ text, calls: [], finishReason: 'stop', modelId: 'scripted', asked: 'scripted' },
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
    };
  });
  return agent({ id: 'chatter', model: scriptedModel, chat: true, maxLoops: 2 }).provide({
    actors: { model },
  });
}

async function chatInFile(subject: Subject): Promise<Took> {
  const store = subject.sqliteStore(newFile(), { synchronous: 'normal' });
  const runtime = subject.createRuntime({ store });
  const run = await runtime.start(chatterOf(subject), { input: undefined });
  const took = await talk(async (content) => {
    await run.send({ type: 'user.message', content });
    await run.settled();
  });
  check(run.getSnapshot().context.messages);
  await runtime.close();
  await store.close();
  return took;
}

async function chatAlone(subject: Subject, keeper: Keeper): Promise<Took> {
  const actor = createActor(chatterOf(subject));
  keeper.keep('chat', actor as AnyActor);
  let answered = (): void => {};
  actor.subscribe(({ value }) => {
    if (value === 'done') answered();
  });
  actor.start();
  const took = await talk(
    (content) =>
      new Promise((resolve) => {
        answered = resolve;
        actor.send({ type: 'user.message', content });
      }),
  );
  check(actor.getSnapshot().context.messages);
  keeper.close();
  return took;
}

async function talk(say: (content: string) => Promise<void>): Promise<Took> {
  const marks: number[] = [cpu()];
  for (const { ask } of turnsOf(TURNS)) {
    await say(ask);
    marks.push(cpu());
  }
  const at = (turn: number): number => marks[turn]!;
  return { all: at(TURNS) - at(0), first: at(100) - at(0), last: at(TURNS) - at(TURNS - 100) };
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function check({ length }: readonly object[]): void {
  if (length !== 2 * TURNS) throw new Error(`The chat has ${length} messages.`);
}
