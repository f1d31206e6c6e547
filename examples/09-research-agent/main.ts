/**
 * A research agent that is killed in loop 3, goes on in another process, and asks before it writes.
 *
 * Prints what is asked of the model and of the archive, under which key and in which process, and what the ledger of all
 * that has of it. It needs no key: the model is in scripted-model.ts. With another one, of any provider that speaks the
 * format of OpenAI: `MODEL_URL=https://api.example/v1 MODEL_KEY=… MODEL_NAME=… npm run example 09`. The agent is in
 * researcher.ts. Such a model has to take three loops at least, or there is nothing to be killed in.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type PendingInput } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { z } from 'zod';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import type { Deed } from './world.ts';

const RUN = 'quillfeather';
const WORKER = new URL('./worker.ts', import.meta.url);

/** What this process reads of a checkpoint. */
const stored = z.object({
  context: z.object({ messages: z.array(z.object({ id: z.string(), role: z.string() })) }),
});

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const file = join(folder, 'research.db');
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');
  process.env['LEDGER'] = ledger;
  const deeds = (who: Deed['who']): Deed[] =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text): Deed => JSON.parse(text))
      .filter((deed) => deed.who === who);

  process.env['SLOW_LOOP'] = '3';
  const first = stage.begin('worker 1', WORKER, 'start', RUN, file);
  const { text: asking } = await first.says('loop 3');
  await pause(300);
  await first.kill('while the model thinks in loop 3');
  process.env['SLOW_LOOP'] = '';
  const before = deeds('the model').length;

  const second = stage.begin('worker 2', WORKER, 'open', RUN, file);
  await second.says('asks');
  await pause(300);
  await second.kill('while it waits for an answer');
  const early = deeds('the shelf').length;

  // This process has neither the run nor its machine.
  const store = sqliteStore(file);
  const office = createRuntime({ store });
  let question: PendingInput | undefined;
  for await (const open of office.inputs({ assignee: 'pippa@pomona.example' })) question = open;
  const id = question?.id ?? '';
  timeline.print('Pippa', undefined, `says yes to ${id}`);
  await office.answer(id, { approve: true }, { by: 'pippa@pomona.example' });

  const third = stage.begin('worker 3', WORKER, 'open', RUN, file);
  await third.says('ends');
  const { seq, status } = await office.get(RUN);
  const { snapshot } = await office.checkpoint(RUN, seq);
  const { messages } = stored.parse(snapshot).context;
  await store.close();

  console.log();
  timeline.chart([first, second, third].map((worker) => worker.row()));

  const asked = deeds('the model').map(({ key }) => key);
  const answers = messages.filter(({ role }) => role === 'assistant').map((message) => message.id);
  const again = asked.filter((key, at) => asked.indexOf(key) !== at);
  const tools = [...deeds('the archive'), ...deeds('the shelf')].map(({ key }) => key);

  return new Map([
    [
      `It was killed after ${before - 1} answers and went on with loop 3, under the same key: ${again.join()}.`,
      again.length === 1 && again[0] === asked[2] && asking.endsWith(again[0] ?? '-'),
    ],
    [
      `${answers.length} answers of the model took ${asked.length} calls: no answer that was there was asked for again.`,
      asked.length === answers.length + 1 && new Set(asked).size === answers.length,
    ],
    [
      `Each message is in the transcript once, an answer under the key that it was asked for with.`,
      new Set(messages.map((message) => message.id)).size === messages.length &&
        answers.join() === [...new Set(asked)].join(),
    ],
    [
      `${tools.length} calls of tools, over three processes, each once.`,
      tools.length > 0 && new Set(tools).size === tools.length,
    ],
    [
      'Nothing was written before Pippa said so, while no process had the run; and then once.',
      early === 0 && deeds('the shelf').length === 1 && status === 'done',
    ],
  ]);
}

await perform(
  'The Pomona Society lets an agent look for a lost apple. Its processes are killed.',
  'an agent was killed in loop 3 and went on with loop 3, asked nothing twice, and wrote once it was allowed to.',
  story,
);
