/**
 * Lists of runs.
 *
 * @module
 */
import { type RunScan, runStatuses, type StoredRun } from '../../src/store.ts';
import { type Arg, join } from './bytes.ts';
import type { Connection } from './connection.ts';
import { decodeRun, encodeTags, type RunReply } from './head.ts';
import type { Leases } from './leases.ts';
import { type List, rangeOf, readLists } from './lists.ts';
import { ordered } from './order.ts';
import { runScript, runsScript } from './scripts/runs.ts';
import { encodeText } from './text.ts';

/** `runs`. */
export class Scans {
  constructor(
    readonly connection: Connection,
    readonly leases: Leases,
  ) {}

  async runs(scan: RunScan): Promise<StoredRun[]> {
    const { run, status, descending = false, free, limit } = scan;
    if (limit <= 0 || status?.length === 0) return [];
    if (free === true) await this.leases.dropGone();
    if (run !== undefined) return this.#run(run, scan);
    const replies = await readLists<RunReply>(this.connection, {
      script: runsScript,
      filters: filtersOf(scan),
      groups: groupsOf(scan),
      descending,
      limit,
    });
    const runs = replies.map(decodeRun);
    if (scan.dueTo !== undefined) return runs;
    // One that has changed its status between two calls may have been found twice.
    const once = [...new Map(runs.map((found) => [found.run, found])).values()];
    return once.sort((a, b) => (descending ? compare(b, a) : compare(a, b))).slice(0, limit);
  }

  async #run(run: string, scan: RunScan): Promise<StoredRun[]> {
    const { after, descending = false } = scan;
    const reply = await this.connection.run(runScript, [...filtersOf(scan), ordered(run)]);
    const [found] = reply as unknown as readonly RunReply[];
    if (!found) return [];
    const decoded = decodeRun(found);
    const order = after === undefined ? 0 : compare(decoded, after);
    return after === undefined || (descending ? order < 0 : order > 0) ? [decoded] : [];
  }
}

/** In the order that the script knows. */
function filtersOf(scan: RunScan): Arg[] {
  const { status, machine, tag, createdFrom, createdTo, dueTo, owner, undelivered, free } = scan;
  const text = (value: string | undefined): Arg => (value === undefined ? '' : join('=', encodeText(value)));
  const number = (value: number | undefined): Arg => (value === undefined ? '' : String(value));
  return [
    status === undefined ? '' : encodeTags(status),
    text(machine),
    text(tag),
    number(createdFrom),
    number(createdTo),
    number(dueTo),
    owner === undefined ? '' : join('=', ordered(owner)),
    undelivered === true ? '1' : '',
    free === true ? '1' : '',
  ];
}

/** The lists that have all runs of a scan, and more of them or less. */
function groupsOf(scan: RunScan): List[][] {
  const { status = runStatuses, machine, tag, dueTo, undelivered, createdFrom, createdTo } = scan;
  if (dueTo !== undefined) return [[{ name: 'due', min: '-inf', max: String(dueTo) }]];
  const after = scan.after && { at: scan.after.createdAt, id: scan.after.run };
  const range = rangeOf(createdFrom, createdTo, after, scan.descending === true);
  const groups: List[][] = [[...new Set(status)].map((one) => ({ name: `status:${one}`, ...range }))];
  if (machine !== undefined) groups.push([{ name: join('machine:', encodeText(machine)), ...range }]);
  if (tag !== undefined) groups.push([{ name: join('tag:', encodeText(tag)), ...range }]);
  if (undelivered === true) groups.push([{ name: 'undelivered', ...range }]);
  return groups;
}

function compare(a: Pick<StoredRun, 'createdAt' | 'run'>, b: Pick<StoredRun, 'createdAt' | 'run'>): number {
  return a.createdAt - b.createdAt || (a.run < b.run ? -1 : a.run > b.run ? 1 : 0);
}
