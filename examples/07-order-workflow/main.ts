/**
 * A workflow of nodes and edges: an order is reserved line by line, paid, approved by a person and sent, or undone.
 *
 * The first process is killed while it reserves, another one while it pays back. Prints what happens in which process,
 * the picture of the workflow before and after in the language of Mermaid (paste it into https://mermaid.live), and what
 * the ledger outside has of it. The workflow is in order.ts, and what it acts on in world.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime } from 'savepoint';
import { nodeStates, progress, toMermaid } from 'savepoint/machines';
import { sqliteStore } from 'savepoint/sqlite';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import { order } from './order.ts';
import type { Deed } from './world.ts';

const WORKER = new URL('./worker.ts', import.meta.url);
const SEEDS = ['foxglove', 'borage', 'larkspur', 'tansy'];

const indented = (text: string): string => text.replaceAll(/^/gm, '          ').trimEnd();

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const file = join(folder, 'orders.db');
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');
  process.env['LEDGER'] = ledger;

  // This process works on nothing: it looks, and answers.
  const store = sqliteStore(file);
  const office = createRuntime({ store });
  const newest = async (id: string) => office.checkpoint(id, (await office.get(id)).seq);
  const ends = async (id: string): Promise<string> => {
    for (;;) {
      const { status } = await office.get(id);
      if (status === 'done' || status === 'failed') return status;
      await pause(50);
    }
  };
  const asked = async (id: string): Promise<string> => {
    for (;;) {
      for await (const question of office.inputs()) if (question.run === id) return question.id;
      await pause(50);
    }
  };

  // The first order is killed while it reserves its third line.
  process.env['SLOW'] = 'reserve larkspur';
  const first = stage.begin('worker 1', WORKER, file, 'order-1', 'Isolde Finch');
  await first.says('reserve larkspur');
  await first.kill('while it reserves larkspur');
  const before = toMermaid(order, { snapshot: await newest('order-1') });
  console.log(`\n${indented(before)}\n`);

  process.env['SLOW'] = 'give back 25 larkspur';
  const second = stage.begin('worker 2', WORKER, file, 'order-2', 'Gawain Moss');
  const yes = await asked('order-1');
  timeline.print('Mira', undefined, `says yes to ${yes}`);
  await office.answer(yes, { approved: true }, { by: 'mira@larkspur.example' });

  // The second one is not wanted: what was done is undone, the last thing first. That, too, is killed.
  const no = await asked('order-2');
  const sent = await ends('order-1');
  const after = toMermaid(order, { snapshot: await newest('order-1') });
  console.log(`\n${indented(after)}\n`);
  timeline.print('Mira', undefined, `says no to ${no}`);
  await office.answer(no, { approved: false }, { by: 'mira@larkspur.example' });
  await second.says('give back 25 larkspur');
  await second.kill('while it gives back larkspur');
  process.env['SLOW'] = '';
  const third = stage.begin('worker 3', WORKER, file);
  const undone = await ends('order-2');
  await third.terminate();

  const nodes = nodeStates(await newest('order-2'));
  console.log();
  for (const [id, { status, undone: back }] of Object.entries(nodes))
    console.log(`          order-2  ${id.padEnd(9)} ${status}${back === 'done' ? ', and undone' : ''}`);
  console.log();
  timeline.chart([first, second, third].map((worker) => worker.row()));
  const { ended, total } = progress(await newest('order-1'));
  await store.close();

  const deeds = readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map((text): Deed => JSON.parse(text));
  const of = (id: string): Deed[] => deeds.filter(({ key }) => key.startsWith(`${id}/`));
  const keys = (id: string, what: string): string[] =>
    of(id).flatMap((deed) => (deed.what.startsWith(what) ? deed.key : []));
  const twice = keys('order-1', 'reserve larkspur');
  const others = SEEDS.filter((seed) => seed !== 'larkspur');
  const back = [...new Set(of('order-2').map(({ what }) => what))].filter((what) =>
    /^(refund|give)/.test(what),
  );
  const givenTwice = keys('order-2', 'give back 25 larkspur');

  return new Map([
    [
      `order-1 went on at its third line, under the same key ${twice[0]}; ${others.join(', ')} were reserved once.`,
      twice.length === 2 &&
        twice[0] === twice[1] &&
        others.every((seed) => keys('order-1', `reserve ${seed}`).length === 1),
    ],
    [
      'The picture before has a node at work; the one after has none, and shows the way that was not taken as skipped.',
      before.includes('"reserve"/]:::running') &&
        !/:::(running|pending)/.test(after) &&
        after.includes('"send"]:::done') &&
        after.includes('"trusted"):::skipped'),
    ],
    [
      `order-1 was approved, paid once and sent once: ${ended} of ${total} nodes have ended.`,
      sent === 'done' && keys('order-1', 'charge').length === 1 && keys('order-1', 'send').length === 1,
    ],
    [
      `order-2 was undone, the last thing first: ${back.join(', ')}.`,
      undone === 'failed' &&
        back.join() ===
          'refund 263 € of Gawain Moss,give back 10 tansy,give back 25 larkspur,give back 30 borage,give back 40 foxglove',
    ],
    [
      'The undoing was killed as well, and went on in the middle: the money was paid back once.',
      keys('order-2', 'refund').length === 1 && givenTwice.length === 2 && givenTwice[0] === givenTwice[1],
    ],
  ]);
}

await perform(
  'Larkspur Seeds send one order and undo another. The processes that do it are killed in the middle.',
  'a workflow went on line by line, was approved by a person, and undid in order what it had done.',
  story,
);
