/** What tells a run in one store from its copy in another. Each function answers with the first difference, for people. */
import type { Head, Row } from '../store.ts';
import { checkpointsOf, KINDS, questionsOf, rowsOf } from './contents.ts';
import type { Migrating } from './migrating.ts';
import type { Progress } from './progress.ts';

/** Compares history and rows. */
export async function differenceOfContents(
  { from, to, progress }: Migrating,
  run: string,
): Promise<string | undefined> {
  for (const kind of KINDS) {
    const difference = await compare(progress, rowsOf(from.store, run, kind), rowsOf(to.store, run, kind), {
      name: ({ key }) => `the row of kind '${kind}' with the key '${key}'`,
      isSame: (a, b) => a.key === b.key && isSameValue(a.value, b.value),
    });
    if (difference !== undefined) return difference;
  }
  return compare(progress, checkpointsOf(from.store, run), checkpointsOf(to.store, run), {
    name: ({ seq }) => `checkpoint ${seq}`,
    isSame: (a, b) =>
      a.seq === b.seq && a.base === b.base && a.time === b.time && a.header === b.header && a.body === b.body,
  });
}

/** Compares heads and open questions. */
export async function differenceOfListed(
  { from, to, progress }: Migrating,
  head: Head & { readonly run: string },
  copy: Head,
): Promise<string | undefined> {
  for (const name of ['machine', 'version', 'status', 'due', 'createdAt', 'more'] as const)
    if (head[name] !== copy[name]) return `its ${name}`;
  if (!isSameList(head.tags, copy.tags)) return 'its tags';
  return compare(progress, questionsOf(from.store, head.run), questionsOf(to.store, head.run), {
    name: ({ id }) => `the question '${id}'`,
    isSame: (a, b) =>
      (['id', 'machine', 'assignee', 'opened', 'value'] as const).every((name) => a[name] === b[name]) &&
      isSameList(a.tags, b.tags),
  });
}

/** Compares messages. `isShort`: the copy has those up to the one with the id `after`, and no more. */
export async function differenceOfMessages(
  { from, to, progress }: Migrating,
  run: string,
): Promise<
  { readonly difference: string; readonly after: string | undefined; readonly isShort: boolean } | undefined
> {
  let after: string | undefined;
  const copies = rowsOf(to.store, run, 'inbox');
  for await (const { key, value } of rowsOf(from.store, run, 'inbox')) {
    const copy = await copies.next();
    if (copy.done || copy.value.key !== key || copy.value.value !== value)
      return { difference: `the message '${key}'`, after, isShort: copy.done === true };
    after = key;
    await progress.step();
  }
  const other = await copies.next();
  return other.done ? undefined : { difference: `the message '${other.value.key}'`, after, isShort: false };
}

interface Comparison<T> {
  readonly name: (item: T) => string;
  readonly isSame: (a: T, b: T) => boolean;
}

async function compare<T>(
  progress: Progress,
  originals: AsyncGenerator<T>,
  copies: AsyncGenerator<T>,
  { name, isSame }: Comparison<T>,
): Promise<string | undefined> {
  for await (const original of originals) {
    const copy = await copies.next();
    if (copy.done || !isSame(original, copy.value)) return name(original);
    await progress.step();
  }
  const other = await copies.next();
  return other.done ? undefined : name(other.value);
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at]);

const isSameValue = (a: Row['value'], b: Row['value']): boolean =>
  typeof a === 'string' || typeof b === 'string'
    ? a === b
    : a.length === b.length && a.every((byte, at) => byte === b[at]);
