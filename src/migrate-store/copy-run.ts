/** Copies one run, or finds out that it was copied before. */
import { RunExistsError, StoreError } from '../errors.ts';
import type { Head, Question, StoredRun } from '../store.ts';
import { checkpointsOf, KINDS, questionsOf, rowsOf } from './contents.ts';
import { CopyWriter } from './copy-writer.ts';
import { differenceOfContents, differenceOfListed, differenceOfMessages } from './difference.ts';
import { checkWhole, halfHead, isHalf, removeHalf } from './half-copy.ts';
import type { Migrating } from './migrating.ts';

/**
 * What it holds when it throws is given up with the leases.
 *
 * @throws RunLockedError, RunExistsError, StoreError
 */
export async function copyRun(migrating: Migrating, run: string): Promise<void> {
  const { from, to, progress } = migrating;
  const fence = await from.acquire(run);
  // Deleted since it was listed.
  if (fence === undefined) return;
  const stored = await from.findHeld(run, fence);
  checkWhole(run, stored);
  let there = await to.find(run);
  if (there && isHalf(there)) {
    await removeHalf(to, run);
    there = undefined;
  }
  if (there) {
    await compareWith(migrating, stored, there);
    progress.counts.skipped++;
  } else {
    await copy(migrating, stored);
    progress.counts.runs++;
  }
  await from.release(run, fence);
  await progress.step();
}

async function copy(migrating: Migrating, stored: StoredRun): Promise<void> {
  const { from, to, progress } = migrating;
  const { run, fence } = stored;
  const { counts } = progress;
  const writer = new CopyWriter(to, stored, fence);
  for await (const row of checkpointsOf(from.store, run)) {
    await writer.checkpoint(row);
    counts.checkpoints++;
    counts.bytes += row.header.length + row.body.length;
    await progress.step();
  }
  for (const kind of KINDS)
    for await (const { key, value } of rowsOf(from.store, run, kind)) {
      await writer.put({ kind, key, value });
      counts.rows++;
      counts.bytes += value.length;
      await progress.step();
    }
  await writer.flush();
  check(run, await differenceOfContents(migrating, run));
  await copyMessages(migrating, run);

  const ask: Question[] = [];
  for await (const { id, machine, assignee, tags, opened, value } of questionsOf(from.store, run)) {
    ask.push({ id, machine, assignee, tags, opened, value });
    counts.questions++;
    counts.bytes += value.length;
  }
  const head = headOf(stored);
  await from.findHeld(run, fence);
  await to.write({ run, fence, head, ask });
  const difference = await differenceOfListed(migrating, stored, await to.findHeld(run, fence));
  // Still held: it is half a copy again, so that nobody takes it for a whole one.
  if (difference !== undefined)
    await to.write({ run, fence, head: halfHead(head), close: ask.map(({ id }) => id) });
  check(run, difference);
  await to.release(run, fence);
}

/** Others may leave messages while the run is copied: until there is none that the copy has not. */
async function copyMessages(migrating: Migrating, run: string): Promise<void> {
  const { from, to, progress } = migrating;
  const { counts } = progress;
  for (let before: string | undefined | null = null; ;) {
    const differs = await differenceOfMessages(migrating, run);
    if (!differs) return;
    const { difference, after, isShort } = differs;
    if (!isShort || after === before) check(run, difference);
    before = after;
    for await (const { key, value } of rowsOf(from.store, run, 'inbox', after)) {
      await to.store.enqueue(run, { id: key, value: value as string });
      counts.messages++;
      counts.bytes += value.length;
    }
  }
}

/** Throws `RunExistsError` where what is there is not equal. */
async function compareWith(migrating: Migrating, stored: StoredRun, there: StoredRun): Promise<void> {
  const { run } = stored;
  const difference =
    (await differenceOfListed(migrating, stored, there)) ?? (await differenceOfContents(migrating, run));
  if (difference !== undefined) throw new RunExistsError(run, differs(run, difference));
  const messages = await differenceOfMessages(migrating, run);
  if (!messages) return;
  // They came after it was copied. Nobody has had the copy since: there its fence would have risen.
  const isUntouched = there.fence === stored.fence - 1;
  if (!messages.isShort || !isUntouched) throw new RunExistsError(run, differs(run, messages.difference));
  await copyMessages(migrating, run);
}

const headOf = ({ machine, version, status, due, createdAt, tags, more }: StoredRun): Head => ({
  machine,
  version,
  status,
  due,
  createdAt,
  tags,
  more,
});

const differs = (run: string, difference: string): string =>
  `The store to copy to has another run '${run}': ${difference} differs. Copy to another store, or delete that one first ` +
  `and leave no tombstone: createRuntime({ store, retention: { tombstones: 1 } }).delete('${run}').`;

function check(run: string, difference: string | undefined): void {
  if (difference !== undefined)
    throw new StoreError(
      `The copy of run '${run}' is not what was written: ${difference} differs. It is left in quarantine; call again to make it anew.`,
      'failed',
    );
}
