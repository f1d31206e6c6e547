/**
 * What changed between two immutable values, and how to bring a document up to date with it.
 *
 * @module
 */
import { put } from './json.ts';
import { kindOf } from './kind.ts';

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
export function diff(before: unknown, after: unknown, path: Path, emit: (patch: Patch) => void): void {
  if (!Object.is(before, after)) new Diff(path, emit).values(before, after);
}

/** Past this depth things are set as a whole, where inspect() measures how deep they are. */
const depthLimit = 100;

class Diff {
  /** Where the walk is. Patches get a copy. */
  private readonly path: Key[];
  private readonly emit: (patch: Patch) => void;

  constructor(path: Path, emit: (patch: Patch) => void) {
    this.path = [...path];
    this.emit = emit;
  }

  /** Compares two values that are not identical. */
  values(before: unknown, after: unknown): void {
    if (this.path.length < depthLimit && alike(before, after)) {
      if (!Array.isArray(after)) return this.objects(before as Members, after as Members);
      if (this.arrays(before as unknown[], after)) return;
    }
    this.emit([this.path.slice(), after]);
  }

  private objects(before: Members, after: Members): void {
    for (const key in after) {
      const value = after[key];
      const had = before[key];
      if (Object.is(had, value) && (value !== undefined || Object.hasOwn(before, key))) continue;
      if (Object.hasOwn(before, key)) this.member(key, had, value);
      else this.emit([[...this.path, key], value]);
    }
    for (const key in before) if (!Object.hasOwn(after, key)) this.emit([[...this.path, key]]);
  }

  /** False when a hole is in the way, which no patch can make. */
  private arrays(before: unknown[], after: unknown[]): boolean {
    let start = 0;
    let beforeEnd = before.length;
    let end = after.length;
    while (start < beforeEnd && start < end && same(before, start, after, start)) start++;
    while (beforeEnd > start && end > start && same(before, beforeEnd - 1, after, end - 1)) {
      beforeEnd--;
      end--;
    }
    if (hasHole(before, start, beforeEnd) || hasHole(after, start, end)) return false;
    if (this.window(before, beforeEnd, after, start, end)) return true;
    if (beforeEnd === end) this.items(before, after, start, end);
    else this.splice(start, beforeEnd - start, after.slice(start, end));
    return true;
  }

  /** As many items as before: each is compared with the one that it replaces. */
  private items(before: unknown[], after: unknown[], start: number, end: number): void {
    let runStart = start;
    for (let i = start; i <= end; i++) {
      // A run of values that have nothing in common, such as a vector of numbers, is one patch.
      if (i < end && !Object.is(before[i], after[i]) && !alike(before[i], after[i])) continue;
      if (i - runStart === 1) this.member(runStart, before[runStart], after[runStart]);
      else this.splice(runStart, i - runStart, after.slice(runStart, i));
      if (i < end && !Object.is(before[i], after[i])) this.member(i, before[i], after[i]);
      runStart = i + 1;
    }
  }

  /** A window that moved on: the first items are gone, others were added at its end, those between are identical. */
  private window(
    before: unknown[],
    beforeEnd: number,
    after: unknown[],
    start: number,
    end: number,
  ): boolean {
    if (start === end) return false;
    let from = start + 1;
    while (from < beforeEnd && !Object.is(before[from], after[start])) from++;
    const kept = beforeEnd - from;
    if (kept <= 0 || kept > end - start) return false;
    for (let i = 0; i < kept; i++) if (!Object.is(before[from + i], after[start + i])) return false;
    this.splice(start, from - start, []);
    this.splice(start + kept, 0, after.slice(start + kept, end));
    return true;
  }

  private member(key: Key, before: unknown, after: unknown): void {
    this.path.push(key);
    this.values(before, after);
    this.path.pop();
  }

  private splice(start: number, deleteCount: number, items: unknown[]): void {
    if (deleteCount > 0 || items.length > 0) this.emit([this.path.slice(), start, deleteCount, items]);
  }
}

type Members = Record<string, unknown>;

/** True for two object literals and for two arrays: the pairs that are compared member by member. */
function alike(before: unknown, after: unknown): boolean {
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null)
    return false;
  const kind = kindOf(after);
  return (kind === 'object' || kind === 'array') && kind === kindOf(before) && !isOdd(after);
}

/** True for what inspect() must see as a whole, because it refuses it. */
function isOdd(value: object): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0 || 'xstate$$type' in value) return true;
  // Keys beside the items, as a match of a RegExp has. To look for them in long arrays would cost more than comparing them.
  return Array.isArray(value) && value.length <= 100 && Object.keys(value).length > value.length;
}

function same(before: unknown[], i: number, after: unknown[], j: number): boolean {
  return Object.is(before[i], after[j]) && (after[j] !== undefined || i in before === j in after);
}

function hasHole(array: unknown[], start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (array[i] === undefined && !(i in array)) return true;
  return false;
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
    const path: Path = ['document', ...patch[0]];
    if (patch.length === 4) splice(at(root, path, path.length), patch);
    else if (patch.length === 2) set(root, path, patch[1]);
    else remove(root, path);
  }
  return root.document;
}

function set(root: object, path: Path, value: unknown): void {
  const parent = at(root, path, path.length - 1);
  const key = path[path.length - 1] as Key;
  // Only an object takes a key that it does not have yet.
  if (typeof key === 'number' || !isObject(parent)) at(root, path, path.length);
  put(parent as object, key as string, value);
}

function remove(root: object, path: Path): void {
  at(root, path, path.length);
  const parent = at(root, path, path.length - 1);
  if (parent === root || !isObject(parent))
    throw new Error(`a patch deletes ${render(path)}, which is no key`);
  Reflect.deleteProperty(parent, path[path.length - 1] as Key);
}

function splice(array: unknown, [path, start, deleteCount, items]: Extract<Patch, { length: 4 }>): void {
  if (
    !Array.isArray(array) ||
    !Array.isArray(items) ||
    !(start >= 0 && start + deleteCount <= array.length)
  ) {
    throw new Error(`a patch splices what is at ${JSON.stringify(path)}, which does not fit`);
  }
  array.splice(start, deleteCount);
  // In slices: each item is an argument, and a call takes only so many.
  for (let i = 0; i < items.length; i += 1000) array.splice(start + i, 0, ...items.slice(i, i + 1000));
}

/** What the first `length` steps of a path lead to. */
function at(root: object, path: Path, length: number): unknown {
  let value: unknown = root;
  for (let i = 0; i < length; i++) {
    const key = path[i] as Key;
    const takes = Array.isArray(value) ? 'number' : isObject(value) ? 'string' : undefined;
    if (typeof key !== takes || !Object.hasOwn(value as object, key)) {
      throw new Error(`a patch is for ${render(path)}, which is not there`);
    }
    value = Reflect.get(value as object, key);
  }
  return value;
}

function render(path: Path): string {
  return JSON.stringify(path.slice(1));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && kindOf(value) === 'object';
}
