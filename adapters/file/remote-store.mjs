// A store in a process of its own: is sent calls, and answers each. The call 'reopen' names the folder; 'work' never
// answers: it commits to ten runs, leaves messages for them, and writes what was acknowledged into a ledger.
import { appendFileSync } from 'node:fs';
import { fileStore } from './index.ts';

let store;

const call = async (method, args) => {
  if (method === 'work') return work(...args);
  if (method !== 'reopen') return store[method](...args);
  await store?.close();
  const [folder] = args;
  store = folder === '' ? undefined : fileStore(folder);
  return undefined;
};

const answerTo = async ({ id, method, args }) => {
  let answer;
  try {
    answer = { id, value: await call(method, args) };
  } catch (error) {
    answer = { id, error: String(error) };
  }
  process.send(answer);
};
process.on('message', (order) => void answerTo(order));
process.send({ loaded: true });

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const any = (list) => list[Math.floor(Math.random() * list.length)];

async function work(folder, ledger, name, lease) {
  store = fileStore(folder);
  const runs = Array.from({ length: 10 }, (_, i) => `run-${i}`);
  const owner = `owner of ${name}`;
  const held = new Map();
  await store.lease(owner, lease);
  setInterval(() => void store.lease(owner, lease), lease / 3);

  const take = async () => {
    for (const run of runs) {
      if (held.has(run)) continue;
      const taken = await store.acquire(run, owner);
      if (taken.status !== 'acquired') continue;
      const [{ seq }] = await store.runs({ run, limit: 1 });
      held.set(run, { fence: taken.fence, seq });
      // The others are for somebody else.
      if (held.size >= 6) break;
    }
  };

  const commit = async (round) => {
    const chosen = [...held.keys()].filter(() => Math.random() < 0.5);
    const batch = [];
    for (const run of chosen) {
      const { fence, seq } = held.get(run);
      const next = seq + 1;
      const token = `${name}.${round}`;
      const messages = await store.rows(run, 'inbox', { limit: 3 });
      batch.push({
        run,
        owner,
        fence,
        expect: seq,
        checkpoints: [
          { seq: next, base: next % 5 === 0, time: next, header: '{}', body: JSON.stringify({ token }) },
        ],
        put: [
          { kind: 'event', key: `first ${next}`, value: token },
          { kind: 'step', key: `${next % 3}`, value: 'x'.repeat(Math.random() * 8000) },
          ...messages.map(({ key }) => ({ kind: 'answer', key, value: token })),
          { kind: 'event', key: `last ${next}`, value: token },
        ],
        take: messages.map(({ key }) => key),
      });
    }
    const outcomes = await store.commit(batch);
    const acknowledged = [];
    for (const [i, { status, error }] of outcomes.entries()) {
      const { run, expect, checkpoints } = batch[i];
      if (status === 'committed') {
        acknowledged.push(`commit ${run} ${expect + 1} ${JSON.parse(checkpoints[0].body).token}\n`);
        held.get(run).seq++;
      } else if (status === 'fenced' || status === 'conflict') held.delete(run);
      else acknowledged.push(`fault ${run} ${status} ${error}\n`);
    }
    if (acknowledged.length > 0) appendFileSync(ledger, acknowledged.join(''));
  };

  for (let round = 0; ; round++) {
    await take();
    await commit(round);
    const run = any(runs);
    const id = `${name}.${round}`;
    const { status } = await store.enqueue(run, { id, value: id });
    if (status === 'queued') appendFileSync(ledger, `message ${run} ${id}\n`);
    // Somebody else may want a run.
    if (round % 50 === 49) {
      const [given, { fence }] = any([...held]) ?? ['', { fence: 0 }];
      await store.commit([{ run: given, owner, fence, release: true }]);
      held.delete(given);
      await sleep(5);
    }
  }
}
