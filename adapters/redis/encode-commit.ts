/**
 * A commit as the arguments of the script that writes it.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Arg } from './bytes.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import { encodeHead } from './head.ts';
import { ordered } from './order.ts';
import { encodeQuestion } from './question.ts';
import { rowKey } from './rows.ts';
import { encodeValue } from './text.ts';

/**
 * Run, owner, fence, `expect` or nothing, mode, and then what the commit holds, in the order in which it is
 * written. Each begins with a letter:
 * - `F` reason: it can never be written.
 * - `U` id: unless this message waits.
 * - `H` head. `C` seq, time, `b` for a base, checkpoint. `X` from, before: drops checkpoints.
 * - `D` key, `P` key and value: drops or puts a row.
 * - `T` id: takes a message. `L` id, `A` id and question: closes or asks a question.
 * - `R`: gives up the run.
 * - `B` milliseconds: removes the run and leaves a tombstone.
 */
export function encodeCommit(commit: RunCommit): Arg[] {
  const { run, owner, fence, create, expect, remove, unless = [] } = commit;
  const mode = create === true ? 'create' : remove === undefined ? '' : 'remove';
  const args: Arg[] = [
    ordered(run),
    ordered(owner),
    String(fence),
    expect === undefined ? '' : String(expect),
    mode,
  ];
  for (const id of unless) args.push('U', ordered(id));
  if (remove !== undefined) args.push('B', String(remove));
  else encodeContent(commit, args);
  return args;
}

function encodeContent(commit: RunCommit, args: Arg[]): void {
  const { run, head, checkpoints = [], dropBefore = 0, dropFrom = 0 } = commit;
  const { drop = [], put = [], take = [], close = [], ask = [] } = commit;
  const fault = faultOf(commit);
  if (fault !== undefined) args.push('F', fault);
  if (head !== undefined) args.push('H', ...encodeHead(head));
  if (dropBefore > 0) args.push('X', String(dropFrom), String(dropBefore));
  for (const row of checkpoints) {
    // What the same commit drops is not there before the script, which looks up what there is to drop.
    if (row.seq >= dropFrom && row.seq < dropBefore) continue;
    args.push('C', String(row.seq), String(row.time), row.base ? 'b' : '', encodeCheckpoint(row));
  }
  for (const row of drop) args.push('D', rowKey(row));
  for (const row of put) args.push('P', rowKey(row), encodeValue(row.value));
  for (const id of take) args.push('T', ordered(id));
  for (const id of close) args.push('L', ordered(id));
  for (const question of ask) args.push('A', ordered(question.id), encodeQuestion(run, question));
  if (commit.release === true) args.push('R');
}

/** What is wrong with a commit, whatever it finds in the store. */
function faultOf({ create, head, expect, checkpoints = [] }: RunCommit): string | undefined {
  if (create === true && head === undefined) return 'its first commit has no head';
  let last = expect ?? -1;
  for (const { seq } of checkpoints) {
    if (seq <= last) return `checkpoint ${seq} does not follow ${last}`;
    last = seq;
  }
  return undefined;
}
