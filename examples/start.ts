/**
 * The tour, `npm start`: a refund that takes three processes, because two of them are killed.
 *
 * Prints what happens, when and in which process, and what was proved. Exits with code 1 where something was not
 * as promised. The workflow is in refund/machine.ts, and what a process does with it in refund/worker.ts.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type CheckpointInfo } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import type { Click } from './refund/click.ts';
import { REMINDER } from './refund/machine.ts';
import type { Entry } from './refund/tallybank.ts';
import { perform, type Promises, type Stage } from './stage/stage.ts';

const RUN = 'refund-42';
/** How late the reminder may be, in milliseconds. A busy machine is slow, but not this slow. */
const LATE = 2_000;

const TALLYBANK = new URL('./refund/tallybank.ts', import.meta.url);
const WORKER = new URL('./refund/worker.ts', import.meta.url);

/** Every checkpoint of the run, read by this process. Reading needs neither the run nor its machine. */
async function readHistory(file: string): Promise<CheckpointInfo[]> {
  const store = sqliteStore(file);
  const checkpoints: CheckpointInfo[] = [];
  for await (const checkpoint of createRuntime({ store }).history(RUN)) checkpoints.push(checkpoint);
  await store.close();
  return checkpoints;
}

async function readLedger(url: string): Promise<Entry[]> {
  const response = await fetch(url);
  return response.json();
}

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const file = join(folder, 'refunds.db');
  const tallybank = stage.begin('Tallybank', TALLYBANK);
  const { url = '' } = await tallybank.says('opens');
  process.env['TALLYBANK'] = url;

  const first = stage.begin('worker 1', WORKER, 'start', RUN, file);
  const { time: due = 0 } = await first.says('waits');
  await pause(500);
  await first.kill('while the run waits for a person');

  const second = stage.begin('worker 2', WORKER, 'open', RUN, file);
  await second.says('opens');
  const opened = Date.now();
  const { time: reminded = 0 } = await second.says('reminds');
  await pause(500);
  const click: Click = {
    id: 'click-1',
    by: 'ada@pinecone.example',
    event: { type: 'refund.approved', by: 'Ada Fernsby' },
  };
  timeline.print('Ada', undefined, 'clicks on Approve');
  second.tell(click);
  const { seq: answered } = await second.says('answers');
  await tallybank.says('pays');
  await pause(300);
  await second.kill('after the payment, before its receipt');

  const third = stage.begin('worker 3', WORKER, 'open', RUN, file);
  await third.says('opens');
  timeline.print('Ada', undefined, 'clicks again: her page never got a reply');
  third.tell(click);
  const { seq: answeredAgain } = await third.says('answers');
  await third.says('paid');
  await third.exit;

  const history = await readHistory(file);
  const ledger = await readLedger(url);
  const payments = ledger.filter(({ paid }) => paid);

  console.log();
  timeline.chart([
    ...[first, second, third].map((worker) => worker.row()),
    [
      'reminder',
      [
        { from: due - REMINDER, to: due, sign: '┄' },
        { from: reminded, sign: '◆' },
      ],
    ],
    ['asked to pay', ledger.map(({ time }) => ({ from: time, sign: '?' }))],
    ['paid', payments.map(({ time }) => ({ from: time, sign: '●' }))],
    ['checkpoints', history.map(({ seq, time }) => ({ from: time, sign: String(seq) }))],
  ]);

  const late = reminded - Math.max(due, opened);
  const approvals = history.filter(({ cause }) => cause.event.type === 'refund.approved');
  const seqs = history.map(({ seq }) => seq);
  return new Map([
    [
      `The reminder, due at ${timeline.at(due)}, came at ${timeline.at(reminded)}, in another process.`,
      reminded >= due &&
        late < LATE &&
        first.reportsOn('reminds').length + third.reportsOn('reminds').length === 0,
    ],
    [
      `Two clicks were one answer, in checkpoint ${answered}.`,
      answered !== undefined && answeredAgain === answered && approvals.length === 1,
    ],
    [
      `Requests at Tallybank: ${ledger.length}; payments: ${payments.length}, by the key ${payments[0]?.key}.`,
      ledger.length === 2 && payments.length === 1,
    ],
    [
      `Checkpoints 1 to ${history.length} are there, without a gap.`,
      seqs.join() === '1,2,3,4,5' && history.at(-1)?.value === 'paid',
    ],
  ]);
}

await perform(
  'Pinecone & Sons refund an order. The process that does it is killed, twice.',
  'one run, killed twice, reminded on time and paid exactly once.',
  story,
);
