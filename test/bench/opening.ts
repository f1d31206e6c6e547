/** W3: opening a run with a long history, beside reading and parsing its raw context. */
import Database from 'better-sqlite3';
import { chat } from './machines.ts';
import { figureOf, type Figure } from './measure.ts';
import { median } from './median.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';
import { turnsOf } from './turns.ts';

const NAME = 'W3: opening a chat';
/** Ten, so that it does not depend on where the newest base lies. */
const LENGTHS = Array.from({ length: 10 }, (_, at) => 550 + 50 * at);
const LONG = 10_000;

export async function measureOpening(subject: Subject, rounds: number, report: Report): Promise<void> {
  console.log(`\n${NAME}`);
  const ratios: number[] = [];
  const open: number[] = [];
  const plain: number[] = [];
  for (const turns of LENGTHS) {
    const took = await measure(subject, rounds, turns);
    ratios.push(took.open / took.plain);
    open.push(took.open);
    plain.push(took.plain);
  }
  const lengths = `${LENGTHS[0]}–${LENGTHS.at(-1)} turns`;
  report.note(NAME, `reading and parsing the context, ${lengths}`, figureOf(plain), ' ms');
  report.note(NAME, `runtime.open(), ${lengths}`, figureOf(open), ' ms');
  report.bar('W3 opening, of reading and parsing the context', figureOf(ratios), { most: 2 });

  const long = await measure(subject, rounds, LONG);
  report.note(NAME, `reading and parsing the context, ${LONG} turns`, only(long.plain), ' ms');
  report.note(NAME, `runtime.open(), ${LONG} turns`, only(long.open), ' ms');
}

/** Medians in milliseconds. */
async function measure({ createRuntime, sqliteStore }: Subject, rounds: number, turns: number) {
  const file = newFile();
  await inRuntime(async (runtime) => {
    const run = await runtime.start(chat, { id: 'chat' });
    for (const turn of turnsOf(turns)) await run.send(turn);
  });
  const raw = new Database(newFile());
  raw.pragma('journal_mode = WAL');
  raw.exec('CREATE TABLE raw (context TEXT)');
  const context = JSON.stringify({
    messages: turnsOf(turns).flatMap(({ ask, say }) => [
      { role: 'user', text: ask },
      { role: 'assistant', text: say },
    ]),
  });
  raw.prepare('INSERT INTO raw VALUES (?)').run(context);
  const read = raw.prepare('SELECT context FROM raw').pluck();

  const plain: number[] = [];
  const open: number[] = [];
  for (let round = 0; round < rounds; round++) {
    plain.push(await milliseconds(() => JSON.parse(read.get() as string)));
    await inRuntime(async (runtime) => {
      // Now the file is open; what is measured is opening the run.
      await runtime.get('chat');
      open.push(await milliseconds(() => runtime.open(chat, 'chat')));
      const { messages } = (await runtime.open(chat, 'chat')).getSnapshot().context;
      if (messages.length !== 2 * turns) throw new Error('The opened chat is not whole.');
    });
  }
  raw.close();
  return { plain: median(plain), open: median(open) };

  async function inRuntime(
    body: (runtime: ReturnType<typeof createRuntime>) => Promise<void>,
  ): Promise<void> {
    const store = sqliteStore(file, { synchronous: 'normal' });
    const runtime = createRuntime({ store, machines: [chat] });
    await body(runtime);
    await runtime.close();
    await store.close();
  }
}

async function milliseconds(body: () => unknown): Promise<number> {
  const since = performance.now();
  await body();
  return performance.now() - since;
}

const only = (value: number): Figure => figureOf([value]);
