/** Which of XState's kinds of actor logic is this? Told by comparison with a probe of each kind. */
import { fromCallback, fromEventObservable, fromObservable, fromPromise } from 'xstate';
import { requestOf } from '../input/input-request.ts';
import type { LiveLogic } from './insider.ts';

/**
 * `question` is logic of `inputRequest()`. `pure` logic has no effect of its own (fromTransition, fromStore); `custom` is logic of somebody's
 * own making that has a `start`.
 */
export type Kind =
  | 'machine'
  | 'promise'
  | 'callback'
  | 'observable'
  | 'eventObservable'
  | 'pure'
  | 'question'
  | 'custom';

const nothing = { subscribe: () => ({ unsubscribe() {} }) };

// The transition function of each factory is the same text for every logic that it makes, also where
// the code was minified or where two copies of one XState are loaded.
let texts: ReadonlyMap<string, Kind> | undefined;
const probes = (): ReadonlyMap<string, Kind> =>
  new Map<string, Kind>([
    [String(fromPromise(() => Promise.resolve()).transition), 'promise'],
    [String(fromCallback(() => {}).transition), 'callback'],
    [String(fromObservable(() => nothing).transition), 'observable'],
    [String(fromEventObservable(() => nothing).transition), 'eventObservable'],
  ]);

const known = new WeakMap<LiveLogic, Kind>();

/** The kind of an actor's logic. */
export function kindOf(logic: LiveLogic): Kind {
  let kind = known.get(logic);
  if (kind === undefined) {
    if ('getStateNodeById' in logic) kind = 'machine';
    else if (requestOf(logic)) kind = 'question';
    else if (logic.start === undefined) kind = 'pure';
    else if (typeof logic.config !== 'function') kind = 'custom';
    else kind = (texts ??= probes()).get(String(logic.transition)) ?? 'custom';
    known.set(logic, kind);
  }
  return kind;
}
