/** Where an actor is in its system: the ids from the root down, by which it is found again after a restore. */
import { isMachineSnapshot, type LiveActor } from './insider.ts';

const special = /[%/:#]/;
const escape = (id: string): string => (special.test(id) ? id.replace(/[%/:#]/g, encodeURIComponent) : id);

/** The path of a child. */
export const childPath = (parent: string, id: string): string =>
  parent === '' ? escape(id) : `${parent}/${escape(id)}`;

/** `''` for the root; else the ids of each level below it, percent-encoded, joined with `/`. */
export function actorPath(actor: LiveActor): string {
  let path = '';
  for (let at = actor; at._parent; at = at._parent)
    path = path === '' ? escape(at.id) : `${escape(at.id)}/${path}`;
  return path;
}

/** The child of `actor` with this id, if it has one. */
export function childOf(actor: LiveActor, id: string): LiveActor | undefined {
  const snapshot = actor._snapshot;
  return isMachineSnapshot(snapshot) && Object.hasOwn(snapshot.children, id)
    ? snapshot.children[id]
    : undefined;
}

/** Is it the root, or a child of its parent all the way up? */
export function isInTree(actor: LiveActor): boolean {
  const parent = actor._parent;
  return parent === undefined || (childOf(parent, actor.id) === actor && isInTree(parent));
}

/** The actor at a path below `root`. */
export function actorAt(root: LiveActor, path: string): LiveActor | undefined {
  if (path === '') return root;
  return path
    .split('/')
    .reduce<LiveActor | undefined>((at, id) => at && childOf(at, decodeURIComponent(id)), root);
}
