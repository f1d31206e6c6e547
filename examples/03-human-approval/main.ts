/**
 * Human approval: two people must approve a refund, and neither the process that asks nor the one that answers stays.
 *
 * One answers at the counter, in a process that does not have the run; the other one by a signed link in an e-mail. The
 * one who should have answered lets the deadline pass, so that somebody else is asked. Prints who is asked, who answers
 * in which process, and what those are told who come second or too late.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type InputRecord } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import { PATIENCE } from './machine.ts';

const RUN = 'umbrella-7';
const COUNTER = `${RUN}:refund.asking.counter.open`;
const LEAD = `${RUN}/lead`;
const DEPUTY = `${RUN}/deputy`;

const WEBSITE = new URL('./website.ts', import.meta.url);
const WORKER = new URL('./worker.ts', import.meta.url);
const PERSON = new URL('./person.ts', import.meta.url);

/** What became of the questions, read by this process: it needs neither the run nor its machine. */
async function readRecords(file: string): Promise<(InputRecord | undefined)[]> {
  const store = sqliteStore(file);
  const runtime = createRuntime({ store });
  const records = await Promise.all([COUNTER, LEAD, DEPUTY].map((question) => runtime.recordOf(question)));
  await store.close();
  return records;
}

/** Clicks on a button of the page behind a link. Resolves with the status of the answer. */
async function click(link: string | undefined, choice: 'yes' | 'no'): Promise<number> {
  const { origin, searchParams } = new URL(link ?? '');
  searchParams.set('choice', choice === 'yes' ? '0' : '1');
  const { status } = await fetch(origin, { method: 'POST', body: searchParams });
  return status;
}

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const file = join(folder, 'refunds.db');
  process.env['LINK_KEY'] = randomBytes(32).toString('hex');
  const website = stage.begin('website', WEBSITE, file);
  process.env['WEBSITE'] = (await website.says('opens')).url;

  const first = stage.begin('worker 1', WORKER, 'start', RUN, file);
  const { url: toBarnaby } = await first.says('mails barnaby@thimble.example');
  await first.says('waits');
  const asked = Date.now();
  await pause(300);
  await first.kill('while two questions are open');

  const edda = stage.begin('Edda', PERSON, file, 'Edda', COUNTER, '{"approved":"yes"}', '{"approved":true}');
  await edda.exit;

  const second = stage.begin('worker 2', WORKER, 'open', RUN, file);
  const rufus = stage.begin('Rufus', PERSON, file, 'Rufus', COUNTER, '{"approved":false}');
  await second.says('waits');
  await rufus.exit;

  const { url: toCornelia } = await stage.anyoneSays('mails cornelia@thimble.example');
  await pause(300);
  timeline.print('Barnaby', undefined, 'clicks on No: he was at lunch');
  const tooLate = await click(toBarnaby, 'no');
  timeline.print('Mallory', undefined, 'has made a link of her own');
  const forged = await click(toCornelia?.replace('token=1.ey', 'token=1.eY'), 'no');
  timeline.print('a scanner', undefined, "follows the link in Cornelia's mail");
  const { status: scanned } = await fetch(toCornelia ?? '');
  await pause(300);
  timeline.print('Cornelia', undefined, 'clicks on Yes');
  const inTime = await click(toCornelia, 'yes');
  await second.says('ends');
  await website.says(`closed ${DEPUTY}`);

  const [counter, lead, deputy] = await readRecords(file);
  const wasOpen = (question: string): { from: number; to: number; sign: string }[] => {
    const [from = asked] = website.reportsOn(`opened ${question}`).map(({ heardAt }) => heardAt);
    const [to = from] = website.reportsOn(`closed ${question}`).map(({ heardAt }) => heardAt);
    return [{ from, to, sign: '┄' }];
  };

  console.log();
  timeline.chart([
    ...[first, edda, rufus, second].map((one) => one.row()),
    ['for the counter', wasOpen(COUNTER)],
    ['for Barnaby', wasOpen(LEAD)],
    ['for Cornelia', wasOpen(DEPUTY)],
  ]);

  return new Map([
    [
      `Edda answered in checkpoint ${counter?.seq}, while no process had the run.`,
      counter?.status === 'answered' && counter.by === 'Edda' && edda.reportsOn('answers').length === 1,
    ],
    [
      'An answer that does not fit the schema changed nothing; the next one did.',
      edda.reportsOn('corrects').length === 1,
    ],
    [
      'Rufus came second, and was told that it was answered by Edda.',
      rufus.reportsOn('comes second').length === 1 && rufus.reportsOn('answers').length === 0,
    ],
    [
      `Barnaby had ${PATIENCE / 1000} s, then Cornelia was asked; his link then got the status ${tooLate}.`,
      lead?.status === 'expired' && tooLate === 409,
    ],
    [`A link that was altered got the status ${forged}.`, forged === 403],
    [
      'Following a link answers nothing. The click did, once, while another process had the run.',
      scanned === 200 && inTime === 200 && deputy?.status === 'answered' && deputy.by === 'a link',
    ],
  ]);
}

await perform(
  'Thimble & Fog refund an umbrella. Two people must approve, and no process waits for them.',
  'asked by a process that was killed, answered from two others, each question once; those who came late were told.',
  story,
);
