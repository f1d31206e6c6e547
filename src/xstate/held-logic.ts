/**
 * Actor logic as an actor under a host runs it: what it would do outside the actor system is told to
 * the host instead of done, and a failure that came from outside can be put into it.
 *
 * Made once for each logic. `provide` would be the documented way, and it is the wrong one: it misses
 * inline logic and changes `snapshot.machine`.
 */
import type { AnyEventObject } from 'xstate';
import { adopted, adoptRoot } from './adopted.ts';
import { FAILURE } from './effect.ts';
import type { LiveLogic, LiveMachineSnapshot, LiveScope, LiveSnapshot } from './insider.ts';
import type { Kind } from './kinds.ts';
import { putInOrder, type NodeOrder } from './node-order.ts';

const STOP = 'xstate.stop';

const held = new WeakMap<LiveLogic, LiveLogic>();

/** The logic that stands in for `logic`. */
export function holdLogic(logic: LiveLogic, kind: Kind): LiveLogic {
  if (kind === 'pure' || kind === 'question') return logic;
  let wrapped = held.get(logic);
  if (wrapped === undefined) {
    wrapped = kind === 'machine' ? holdMachine(logic) : holdEffect(logic, kind);
    held.set(logic, wrapped);
    held.set(wrapped, wrapped);
  }
  return wrapped;
}

/** A failure is thrown inside the transition, so that it takes XState's own way from there. */
function throwFailure(event: AnyEventObject): void {
  if (event.type === FAILURE) throw event['error'];
}

function holdMachine(machine: LiveLogic): LiveLogic {
  const wrapped = Object.create(machine) as LiveLogic;
  wrapped.transition = (snapshot, event, scope) => {
    throwFailure(event);
    return machine.transition(snapshot, event, scope);
  };
  // Called in the root's constructor: the first moment at which there is a scope to take over.
  wrapped.getInitialSnapshot = (scope, input) => {
    adoptRoot(scope.self);
    return machine.getInitialSnapshot(scope, input);
  };
  wrapped.restoreSnapshot = (persisted, scope) => {
    adoptRoot(scope.self);
    const snapshot = machine.restoreSnapshot!(persisted, scope) as LiveMachineSnapshot;
    putInOrder(snapshot, (persisted as { readonly order?: NodeOrder }).order);
    return snapshot;
  };
  return wrapped;
}

function holdEffect(logic: LiveLogic, kind: Kind): LiveLogic {
  return {
    ...logic,
    start: (snapshot: LiveSnapshot, { self }: LiveScope) => adopted(self).host.startEffect(self, snapshot),
    transition: (snapshot, event, scope) => {
      const { self } = scope;
      if (event.type === STOP) {
        adopted(self).host.stopEffect(self);
        return { ...snapshot, status: 'stopped' };
      }
      if (event.type === FAILURE) adopted(self).host.stopEffect(self);
      throwFailure(event);
      if (kind !== 'callback') return logic.transition(snapshot, event, scope);
      adopted(self).host.deliver(self, event);
      return snapshot;
    },
  };
}
