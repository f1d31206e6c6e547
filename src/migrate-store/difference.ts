/** What tells a run in one store from its copy in another. Each function answers with the first difference, for people. */
import type { Head, Row, Store } from '../store.ts';
import { checkpointsOf, KINDS, questionsOf, rowsOf } from './contents.ts';

/** Compares history and rows. */
export async function differenceOfContents(from: Store, to: Store, run: string): Promise<string | undefined> {
  for (const kind of KINDS) {
    const difference = await compare(rowsOf(from, run, kind), rowsOf(to, run, kind), {
      name: ({ key }) => `the row of kind '${kind}' with the key '${key}'`,
      isSame: (a, b) => a.key === b.key && isSameValue(a.value, b.value),
    });
    if (difference !== undefined) return difference;
  }
  return compare(checkpointsOf(from, run), checkpointsOf(to, run), {
    name: ({ seq }) => `checkpoint ${seq}`,
    isSame: (a, b) =>
      a.seq === b.seq && a.base === b.base && a.time === b.time && a.header === b.header && a.body === b.body,
  });
}

/** Compares heads and open questions. */
export async function differenceOfListed(
  from: Store,
  to: Store,
  head: Head & { readonly run: string },
  copy: Head,
): Promise<string | undefined> {
  for (const name of ['machine', 'version', 'status', 'due', 'createdAt', 'more'] as const)
    if (head[name] !== copy[name]) return `its ${name}`;
  if (!isSameList(head.tags, copy.tags)) return 'its tags';
  return compare(questionsOf(from, head.run), questionsOf(to, head.run), {
    name: ({ id }) => `the question '${id}'`,
    isSame: (a, b) =>
      (['id', 'machine', 'assignee', 'opened', 'value'] as const).every((name) => a[name] === b[name]) &&
      isSameList(a.tags, b.tags),
  });
}

/** Compares messages. `isShort`: the copy has those up to the one with the id `after`, and no more. */
export async function differenceOfMessages(
  from: Store,
  to: Store,
  run: string,
): Promise<
  { readonly difference: string; readonly after: string | undefined; readonly isShort: boolean } | undefined
> {
  let after: string | undefined;
  const copies = rowsOf(to, run, 'inbox');
  for await (const { key, value } of rowsOf(from, run, 'inbox')) {
    const copy = await copies.next();
    if (copy.done || copy.value.key !== key || copy.value.value !== value)
      return { difference: `the message '${key}'`, after, isShort: copy.done === true };
    after = key;
  }
  const other = await copies.next();
  return other.done ? undefined : { difference: `the message '${other.value.key}'`, after, isShort: false };
}

interface Comparison<T> {
  readonly name: (item: T) => string;
  readonly isSame: (a: T, b: T) => boolean;
}

async function compare<T>(
  originals: AsyncGenerator<T>,
  copies: AsyncGenerator<T>,
  { name, isSame }: Comparison<T>,
): Promise<string | undefined> {
  for await (const original of originals) {
    const copy = await copies.next();
    if (copy.done || !isSame(original, copy.value)) return name(original);
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
