/** What must be so, whenever and wherever the process was killed. Each check gives what is not. */
import { isDeepStrictEqual } from 'node:util';
import { createRuntime, type CheckpointInfo } from 'savepoint';
import { isGoodsOf } from '../goods.ts';
import { readLedger, type Entry } from '../ledger.ts';
import { openPlace } from '../place.ts';
import { amountOf, delays, type Fired } from './machine.ts';
import { slack, type Round } from './round.ts';
import type { State } from './worker.ts';

/** The state that a process finds when it opens the run, and at the end. */
export function checkState(state: State, round: Round): string[] {
  const { seen, lately, rang, fired, counted, delivered, till, shelf, stockroom } = state;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): void => void (holds || faults.push(fault));
  const inOrder = (what: string, list: readonly number[]): void => {
    const at = list.findIndex((n, i) => n !== i + 1);
    expect(
      at < 0,
      `${what} ${at + 1} is lost, comes twice or too early: ${list.slice(Math.max(0, at - 3), at + 4).join(' ')}`,
    );
  };
  // Every event once and in the order of sending, with no gap: an acknowledged one that is lost is a gap,
  // or it is behind the end.
  inOrder('sale', seen);
  inOrder(
    'alarm',
    fired.map(({ n }) => n),
  );
  inOrder('delivery', delivered);
  inOrder(
    'stocktake',
    stockroom.fired.map(({ n }) => n),
  );
  inOrder('audit', stockroom.audited);
  const began = { SELL: seen.length, ARM: fired.length + 1, COUNT: stockroom.n, DISPATCH: state.dispatch };
  for (const [id, seq] of round.receipts) {
    const [type = '', n] = id.split('-');
    expect(Number(n) <= began[type as keyof typeof began], `${id} was acknowledged and is lost`);
    expect(seq <= state.seq, `${id} was acknowledged at seq ${seq}, and the run is at ${state.seq}`);
  }
  // Parent and children are of one instant.
  const sum = seen.reduce((total, n) => total + amountOf(n), 0);
  expect(
    isDeepStrictEqual(till, { count: seen.length, sum }),
    `the till has ${till.sum}, the sales make ${sum}`,
  );
  expect(
    shelf.count === seen.length && shelf.newest === (seen.at(-1) ?? 0),
    `the shelf took ${shelf.count} of ${seen.length} sales`,
  );
  expect(isDeepStrictEqual(counted, stockroom.audited), 'parent and child disagree about the stocktakes');
  expect(new Set(rang).size === rang.length, 'the bell rang twice for one sale');
  // Rich values.
  expect(isDeepStrictEqual([...lately.keys()], seen.slice(-4)), 'the newest sales are others');
  for (const [n, goods] of lately) expect(isGoodsOf(n, goods), `the goods of sale ${n} are others`);
  expect(isGoodsOf(shelf.newest, shelf.goods), `the goods on the shelf are others`);
  expect(isGoodsOf(stockroom.n, stockroom.goods), `the goods in the stockroom are others`);
  expect(isGoodsOf(delivered.at(-1) ?? 0, state.cargo), `the cargo is another`);
  // Nothing happened outside before its turn was stored: a kill takes back what was not.
  const known = {
    report: seen.length,
    ring: seen.length,
    deliver: state.dispatch,
    audit: stockroom.fired.length,
  };
  for (const { what, n, seq, life } of readLedger(round.ledger)) {
    if (life >= round.number) continue;
    expect(
      seq > 0 && seq <= state.seq,
      `${what} ${n} happened before its turn was stored (seq ${seq} of ${state.seq})`,
    );
    const limit = known[what as keyof typeof known];
    expect(limit === undefined || n <= limit, `${what} ${n} happened, and what caused it is not stored`);
  }
  return faults;
}

/** Effects, over all lives. Gives also how many of each kind ran again. */
export function checkLedger(round: Round): { faults: string[]; again: number; replayed: number } {
  const entries = readLedger(round.ledger);
  const faults: string[] = [];
  const counts = new Map<string, number>();
  const lives = new Set<string>();
  const over = new Set<string>();
  let again = 0;
  let replayed = 0;
  let reported = 0;
  const jobOf: Record<string, string> = { deliver: 'DISPATCH', audit: 'COUNT' };
  for (const { what, n, life } of entries) {
    if (what.startsWith('over:')) {
      over.add(`${what.slice(5)} ${n}`);
      continue;
    }
    const key = `${what} ${n}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const job = jobOf[what];
    if (job !== undefined && over.has(`${job} ${n}`))
      faults.push(`${key} happened again after its outcome was committed`);
    if (lives.has(`${key} ${life}`)) faults.push(`${key} happened twice in one process`);
    lives.add(`${key} ${life}`);
    // What a callback does with what it receives happens once or, where a kill came between, never.
    if (what === 'ring' && count > 1) faults.push(`${key} happened ${count} times`);
    if (job !== undefined && count > 1) again++;
    if (what === 'report' && count > 1) replayed++;
    if (what !== 'report' || count > 1) continue;
    if (n !== ++reported) faults.push(`report ${n} came where ${reported} was to come`);
    reported = n;
  }
  if (reported !== round.sold) faults.push(`${reported} of ${round.sold} sales were reported`);
  return { faults, again, replayed };
}

/** Every delay fired once, at its time or as soon as there was a process to do so. */
export function checkDelays(
  what: keyof typeof delays,
  begun: number,
  fired: readonly Fired[],
  round: Round,
): { faults: string[]; across: number; late: number } {
  const faults: string[] = [];
  let across = 0;
  let late = 0;
  if (fired.length !== begun) faults.push(`${begun} delays (${what}) began and ${fired.length} fired`);
  for (const { n, armedAt, firedAt } of fired) {
    const due = armedAt + delays[what];
    if (firedAt < due - 5) faults.push(`${what} ${n} fired ${due - firedAt} ms early`);
    // The first process that lived long enough.
    const able = round.lives.find(({ from, to }) => Math.max(due, from) + slack <= to);
    const limit = able ? Math.max(due, able.from) + slack + able.stalled : Infinity;
    if (firedAt > limit)
      faults.push(
        `${what} ${n} fired ${firedAt - due} ms after its time, ${firedAt - limit} ms after it had to`,
      );
    if (round.lives.some(({ to }) => to > armedAt && to < firedAt)) across++;
    // Where there is none, it fired while the process was opening the run.
    const firedIn = round.lives.find(({ from, to }) => from <= firedAt && firedAt <= to);
    if (firedIn) late = Math.max(late, firedAt - Math.max(due, firedIn.from));
  }
  return { faults, across, late };
}

/** The history as a third process reads it. */
export async function checkHistory(state: State, round: Round): Promise<string[]> {
  const faults: string[] = [];
  const opened = openPlace(round.place);
  const runtime = createRuntime({ store: opened.store });
  const infos: CheckpointInfo[] = [];
  for await (const info of runtime.history(round.run)) infos.push(info);
  const gap = infos.findIndex(({ seq }, i) => seq !== i + 1);
  if (gap >= 0) faults.push(`seq ${gap + 1} is missing in the history`);
  if (infos.length !== state.seq)
    faults.push(`the history has ${infos.length} checkpoints, the run is at ${state.seq}`);
  const seqs = new Map<string, number>();
  for (const { seq, cause } of infos) {
    if (cause.id === undefined) continue;
    if (seqs.has(cause.id)) faults.push(`${cause.id} made the turns ${seqs.get(cause.id)} and ${seq}`);
    seqs.set(cause.id, seq);
  }
  for (const [id, seq] of round.receipts)
    if (seqs.get(id) !== seq) faults.push(`the receipt of ${id} says ${seq}, the history ${seqs.get(id)}`);
  for (const { what, n, seq } of readLedger(round.ledger).filter(isOfSale))
    if (seqs.get(`SELL-${n}`) !== seq)
      faults.push(`${what} ${n} was told seq ${seq}, the history says ${seqs.get(`SELL-${n}`)}`);
  const due = infos.filter(({ cause }) => cause.type === 'delay').length;
  const fired = state.fired.length + state.stockroom.fired.length;
  if (due !== fired) faults.push(`the history has ${due} turns of delays, ${fired} fired`);
  // Earlier states are as they were then.
  for (let n = 0; n < 10; n++) {
    const at = Math.ceil(Math.random() * state.seq);
    const { snapshot } = await runtime.checkpoint(round.run, at);
    const { context } = snapshot as { readonly context: Pick<State, 'seen'> };
    const sold = infos.slice(0, at).filter(({ cause }) => cause.event.type === 'SELL').length;
    if (context.seen.length !== sold)
      faults.push(`checkpoint ${at} has ${context.seen.length} of ${sold} sales`);
  }
  await runtime.close();
  await opened.close();
  return faults;
}

const isOfSale = ({ what }: Entry): boolean => what === 'report' || what === 'ring';
