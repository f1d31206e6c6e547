/**
 * A map of 10,000 items is killed over and over: each time it goes on where it was, and no item whose result is in the
 * file is worked on again.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { sqliteStore } from 'savepoint/sqlite';
import { bundle, unbundle } from '../bundle.ts';
import { type Entry, readLedger } from '../ledger.ts';
import type { Proof } from '../proof.ts';
import { until } from '../until.ts';
import { SpareProcesses, type WorkerProcess } from '../worker-process.ts';
import { AT_ONCE, ITEMS, RUN } from './machine.ts';
import type { Answer, Order } from './worker.ts';

/** Of a line of the ledger, in bytes. */
const LINE = 12;

export const proof: Proof = {
  name: 'map',
  full: 50,
  async run(count, say) {
    const folder = mkdtempSync(join(tmpdir(), 'savepoint-map-'));
    const ledger = join(folder, 'ledger');
    const faults: string[] = [];
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 2);
    /** The items in the file after each life. */
    const kept: Set<number>[] = [];
    let output: readonly unknown[] | undefined;
    const begin = async (): Promise<WorkerProcess<Order, Answer>> => {
      const worker = await workers.take();
      worker.onAnswer = (answer) => {
        if ('output' in answer) output = answer.output;
        else faults.push(answer.fault);
      };
      worker.tell({ folder, life: kept.length + 1 });
      return worker;
    };
    const left = (): string => `${kept.at(-1)?.size ?? 0} items are in the file`;
    try {
      for (let kill = 1; kill <= count; kill++) {
        const worker = await begin();
        const lines = 2 * ITEMS * ((kill - Math.random()) / (count + 1));
        await until(() => sizeOf(ledger) > lines * LINE || output !== undefined, faults, left);
        await sleep(Math.random() * 3);
        await worker.kill();
        kept.push(await itemsIn(folder));
        if (kill % 5 === 0) say(`${kill} kills, ${kept.at(-1)!.size} items in the file`);
      }
      await begin();
      await until(() => output !== undefined, faults, left);
    } catch (error) {
      faults.push(String(error));
    }
    await workers.end();
    unbundle(program);
    const entries = readLedger(ledger);
    faults.push(...checkCalls(entries, kept));
    const expected = Array.from({ length: ITEMS }, (_, at) => `fruit ${at}`);
    if (!isDeepStrictEqual(output, expected)) faults.push('its results are others');
    const begins = entries.filter(({ what }) => what === 'begin').length;
    if (faults.length === 0) rmSync(folder, { recursive: true });
    else say(`What is left is in ${folder}.`);
    for (const fault of faults.slice(0, 12)) say(fault);
    return {
      passed: faults.length === 0,
      figure:
        faults.length > 0
          ? `${faults.length} faults: ${faults[0]}`
          : `${ITEMS} items, ${count} kills: ${begins - ITEMS} items were cut off and came again, none whose result was kept`,
    };
  },
};

/** Each life begins with what is not in the file, in order. */
function checkCalls(entries: readonly Entry[], kept: readonly ReadonlySet<number>[]): string[] {
  const faults: string[] = [];
  for (let life = 1; life <= kept.length + 1; life++) {
    const before = kept[life - 2] ?? new Set<number>();
    const begun = entries.filter((entry) => entry.life === life && entry.what === 'begin').map(({ n }) => n);
    const missing = Array.from({ length: ITEMS }, (_, at) => at).filter((at) => !before.has(at));
    const wrong = begun.findIndex((item, at) => item !== missing[at]);
    if (wrong >= 0)
      faults.push(
        `process ${life} began item ${begun[wrong]} where ${missing[wrong]} came next` +
          (before.has(begun[wrong]!) ? ', which was finished' : ''),
      );
    const cut = begun.filter((item) => kept[life - 1] && !kept[life - 1]!.has(item)).length;
    if (cut > AT_ONCE) faults.push(`process ${life} lost ${cut} items, and worked on ${AT_ONCE} at a time`);
  }
  return faults;
}

/** The items whose results are in the file. */
async function itemsIn(folder: string): Promise<Set<number>> {
  const store = sqliteStore(join(folder, 'harvest.db'));
  const rows = await store.rows(RUN, 'step', {});
  await store.close();
  return new Set(rows.map(({ key }) => Number(/(\d+)$/.exec(decodeURIComponent(key))![1])));
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
