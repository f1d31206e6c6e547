/**
 * Steps and retries: a function that pays four bakers survives a SIGKILL and a SIGTERM, and nobody is paid twice.
 *
 * Prints what happens in which process, which step ran how often, and what the payment service has in its ledger. The
 * function is in payday.ts, what a process does with it in worker.ts, and the flaky service in copperpot.ts.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type RunInfo } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import type { Entry } from './copperpot.ts';
import { SETTLING } from './payday.ts';

const RUN = 'payday-12';
const STEPS = [
  'add up',
  'pay Hazel',
  'pay Rowan',
  'pay Sorrel',
  'cash for Sorrel',
  'pay Linden',
  'payslips',
  'books',
];

const COPPERPOT = new URL('./copperpot.ts', import.meta.url);
const WORKER = new URL('./worker.ts', import.meta.url);

async function readRun(file: string): Promise<RunInfo> {
  const store = sqliteStore(file);
  const info = await createRuntime({ store }).get(RUN);
  await store.close();
  return info;
}

async function readLedger(url: string): Promise<Entry[]> {
  const response = await fetch(url);
  return response.json();
}

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const file = join(folder, 'paydays.db');
  const copperpot = stage.begin('Copperpot', COPPERPOT);
  const { url = '' } = await copperpot.says('opens');
  process.env['COPPERPOT'] = url;

  const first = stage.begin('worker 1', WORKER, 'start', RUN, file);
  await copperpot.says('paid Linden');
  await pause(200);
  await first.kill('after the payment, before its receipt');

  const second = stage.begin('worker 2', WORKER, 'recover', RUN, file);
  await second.says('step payslips');
  await pause(200);
  await second.terminate();

  const third = stage.begin('worker 3', WORKER, 'recover', RUN, file);
  await third.says('step books');
  await pause(200);
  await third.terminate();

  const { status } = await readRun(file);
  const ledger = await readLedger(url);
  const payments = ledger.filter(({ outcome }) => outcome === 'paid');
  const workers = [first, second, third];
  const tries = (step: string): number[] =>
    workers.flatMap((worker) => worker.reportsOn(`step ${step}`).map(({ heardAt }) => heardAt));
  const times = (step: string): number => tries(step).length;
  const [printed = 0] = second.reportsOn('printed').map(({ heardAt }) => heardAt);
  const [filed = 0] = tries('books');

  console.log();
  timeline.chart([
    ...workers.map((worker) => worker.row()),
    ...STEPS.map((step) => timeline.tries(step, tries(step))),
    ['settling', [{ from: printed, to: filed, sign: '┄' }]],
    ['paid', payments.map(({ time }) => ({ from: time, sign: '●' }))],
  ]);

  const [, again = 0, andAgain = 0] = tries('pay Rowan').map((time, i, all) => time - (all[i - 1] ?? time));
  const keys = ledger.filter(({ baker }) => baker === 'Linden').map(({ key }) => key);
  const once = STEPS.filter((step) => !['pay Rowan', 'pay Linden'].includes(step));
  return new Map([
    [
      `Requests at Copperpot: ${ledger.length}; payments: ${payments.length}, one each for ${payments.map(({ baker }) => baker).join(', ')}.`,
      ledger.length === 7 && payments.map(({ baker }) => baker).join() === 'Hazel,Rowan,Linden',
    ],
    [
      `pay Rowan ran ${times('pay Rowan')} times, as Copperpot was busy: again after ${again} ms, and after ${andAgain} ms.`,
      times('pay Rowan') === 3 && again >= 240 && andAgain >= 480,
    ],
    [
      `pay Linden ran twice, as the first process was killed, and both times under the id ${keys[0]}.`,
      times('pay Linden') === 2 && keys.length === 2 && keys[0] === keys[1],
    ],
    [`All other steps ran once: ${once.join(', ')}.`, once.every((step) => times(step) === 1)],
    [
      'After SIGTERM the payslips were printed to the end, and then the run was free for others.',
      !second.wasKilled && printed > 0 && second.reportsOn('leaves').length === 1,
    ],
    [
      `A sleep of ${SETTLING / 1000} s began in one process and ended in another, after ${((filed - printed) / 1000).toFixed(2)} s.`,
      filed - printed >= SETTLING - 50 && third.reportsOn('step books').length === 1 && status === 'done',
    ],
  ]);
}

await perform(
  'The Bramble Bakery pays its bakers. The process that does it is killed, and the next one is asked to leave.',
  'three payments, none twice; finished steps never ran again, the others under the same effect id.',
  story,
);
