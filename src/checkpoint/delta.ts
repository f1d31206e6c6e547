/**
 * What changed between two immutable values, and how to bring a document up to date with it.
 *
 * @module
 */
import { put } from './json.ts';
import { extraKeyOf, faultOf, kindOf } from './kind.ts';

/** A key of an object, or an index of an array. */
export type Key = string | number;

/** The keys that lead from a document to a part of it. */
export type Path = readonly Key[];

/**
 * One change: `[path]` deletes a key, `[path, value]` sets one, `[path, start, deleteCount, items]` splices an array. The
 * path leads from the document to what is deleted or set, or to the array; `[[], value]` replaces the whole document.
 */
export type Patch =
  | readonly [Path]
  | readonly [Path, unknown]
  | readonly [path: Path, start: number, deleteCount: number, items: readonly unknown[]];

/**
 * Emits the patches that make `after` of `before`, in the order to apply them. Both are live values that nobody changes in
 * place: it stops wherever they are identical, and so costs what changed. Only object literals and arrays are looked into;
 * anything else (Date, Map, an actor, a sparse array) is set as a whole. The items of patches are live, too. Keys that were
 * added come last, wherever `after` has them.
 */
export function diff(before: unknown, after: unknown, path: Path, emit: Emit): void {
  if (Object.is(before, after)) return;
  if (path.length < depthLimit && alike(before, after)) {
    if (!Array.isArray(after)) return diffObjects(before as Members, after as Members, path, emit);
    if (diffArrays(before as unknown[], after, path, emit)) return;
  }
  emit([path, after]);
}

type Emit = (patch: Patch) => void;
type Members = Record<string, unknown>;

/** Past this depth things are set as a whole, where inspect() measures how deep they are. */
const depthLimit = 100;

function diffObjects(before: Members, after: Members, path: Path, emit: Emit): void {
  for (const key in after) {
    const value = after[key];
    if (value !== undefined && Object.is(before[key], value)) continue;
    const at = [...path, key];
    if (Object.hasOwn(before, key)) diff(before[key], value, at, emit);
    else emit([at, value]);
  }
  for (const key in before) if (!Object.hasOwn(after, key)) emit([[...path, key]]);
}

/** False when a hole is in the way, which no patch can make. */
function diffArrays(before: unknown[], after: unknown[], path: Path, emit: Emit): boolean {
  const least = Math.min(before.length, after.length);
  let start = 0;
  // Objects, the most of what long arrays hold, are compared without a call.
  while (
    start < least &&
    ((after[start] && before[start] === after[start]) || isSame(before, start, after, start))
  )
    start++;
  let end = 0;
  while (end < least - start && isSame(before, before.length - 1 - end, after, after.length - 1 - end)) end++;
  const gone = before.slice(start, before.length - end);
  const come = after.slice(start, after.length - end);
  if (hasHole(gone) || hasHole(come)) return false;
  // A window that moved on: its first items are gone, others were added at its end, those between are identical.
  const first = gone.indexOf(come[0], 1);
  const kept = gone.length - first;
  if (first > 0 && kept < come.length && gone.slice(first).every((item, i) => Object.is(item, come[i]))) {
    emit([path, start, first, []]);
    emit([path, start + kept, 0, come.slice(kept)]);
  } else if (gone.length === come.length) diffItems(gone, come, start, path, emit);
  else emit([path, start, gone.length, come]);
  return true;
}

/** As many items as before, from `start` on: each is compared with the one that it replaces. */
function diffItems(before: unknown[], after: unknown[], start: number, path: Path, emit: Emit): void {
  for (let i = 0; i < after.length; i++) {
    // A run of values that have nothing in common, such as a vector of numbers, is one patch.
    const first = i;
    while (i < after.length && !Object.is(before[i], after[i]) && !alike(before[i], after[i])) i++;
    if (i - first > 1) emit([path, start + first, i - first, after.slice(first, i)]);
    else i = first;
    if (!Object.is(before[i], after[i])) diff(before[i], after[i], [...path, start + i], emit);
  }
}

/** True for two object literals and for two arrays: the pairs that are compared member by member. */
function alike(before: unknown, after: unknown): boolean {
  const kind = kindOf(after);
  return (kind === 'object' || kind === 'array') && kind === kindOf(before) && !isRefused(after as object);
}

/** True for what inspect() must see as a whole, because it refuses it. */
function isRefused(value: object): boolean {
  // To look for keys beside the items in long arrays would cost more than comparing them.
  const isShort = Array.isArray(value) && value.length <= 100;
  return faultOf(value) !== undefined || (isShort && extraKeyOf(value) !== undefined);
}

function isSame(before: unknown[], i: number, after: unknown[], j: number): boolean {
  return Object.is(before[i], after[j]) && (after[j] !== undefined || i in before === j in after);
}

function hasHole(array: unknown[]): boolean {
  return array.includes(undefined) && Object.keys(array).length < array.length;
}

/**
 * Brings a document up to date, in place, and returns it; another one when a patch replaces the whole. Parts of the
 * patches become parts of the document, so they are used up.
 *
 * @throws Error when a path leads nowhere.
 */
export function apply(document: unknown, patches: readonly Patch[]): unknown {
  const root = { document };
  for (const patch of patches) {
    if (!applyTo(root, patch))
      throw new Error(`a patch for ${JSON.stringify(patch[0])} does not fit what is there`);
  }
  return root.document;
}

/** False when the patch does not fit; then nothing has changed. */
function applyTo(root: object, patch: Patch): boolean {
  const path = ['document', ...patch[0]];
  const key = path.pop() as Key;
  let parent: unknown = root;
  for (const step of path) {
    if (!has(parent, step)) return false;
    parent = parent[step];
  }
  if (patch.length === 2) {
    // Only an object takes a key that it does not have yet.
    if (typeof key === 'string' ? !takes(parent, key) : !has(parent, key)) return false;
    put(parent as object, key as string, patch[1]);
    return true;
  }
  if (!has(parent, key)) return false;
  if (patch.length === 4) return splice(parent[key], patch);
  return typeof key === 'string' && parent !== root && Reflect.deleteProperty(parent, key);
}

function splice(array: unknown, [, start, deleteCount, items]: Extract<Patch, { length: 4 }>): boolean {
  if (
    !Array.isArray(array) ||
    !Array.isArray(items) ||
    !(start >= 0 && start + deleteCount <= array.length)
  ) {
    return false;
  }
  array.splice(start, deleteCount);
  // In slices: each item is an argument, and a call takes only so many.
  for (let i = 0; i < items.length; i += 1000) array.splice(start + i, 0, ...items.slice(i, i + 1000));
  return true;
}

/** An array takes indexes, an object keys. Documents were parsed here, so that both have the prototypes of this realm. */
function takes(value: unknown, key: Key): value is Record<Key, unknown> {
  const { prototype } = typeof key === 'number' ? Array : Object;
  return value != null && Object.getPrototypeOf(value) === prototype;
}

function has(value: unknown, key: Key): value is Record<Key, unknown> {
  return takes(value, key) && Object.hasOwn(value, key);
}
