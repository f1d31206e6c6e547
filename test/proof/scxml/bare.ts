/** What bare XState does with a case: it says which cases count, and what must be seen of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createActor, getStateNodes, type AnyActor, type AnyStateMachine } from 'xstate';
import { runsByItself, type Case } from './cases.ts';
import { machineId } from './convert/document.ts';
import { toMachine } from './convert/to-machine.ts';
import { see, type Window } from './sight.ts';

/** Why a case does not count. */
export class Unsupported extends Error {}

/** A case that has not ended by then never will, in milliseconds. */
const LIMIT = 7_000;
/** What a case still does after its last event, in milliseconds. */
const AFTERMATH = 40;

/**
 * What is seen of the case: in the first window from the start to the first event, then from event to event.
 * A case that runs by itself ends in the first. Throws `Unsupported` where bare XState does not pass the case, or the converter lacks something.
 */
export async function runBare(test: Case): Promise<readonly Window[]> {
  const machine = convert(test);
  const actor = createActor(machine, { logger: () => {} });
  let window: Window = [];
  const windows = [window];
  let failed = false;
  actor.subscribe({
    next: (snapshot) => void window.push(see(snapshot)),
    error: () => {
      failed = true;
    },
  });
  try {
    actor.start();
    window.push(see(actor.getSnapshot()));
    if (runsByItself(test)) await untilEnd(actor);
    // The initial configuration is not compared: SCXML's is XState's only after its first macrostep.
    for (const { after, event, nextConfiguration } of test.events) {
      if (actor.getSnapshot().status !== 'active') break;
      if (after) await sleep(after);
      window = [];
      windows.push(window);
      actor.send({ type: event.name });
      window.push(see(actor.getSnapshot()));
      if (!isIn(machine, actor, nextConfiguration[0]!)) throw new Unsupported('bare XState goes elsewhere');
    }
    if (!runsByItself(test)) await sleep(AFTERMATH);
    if (failed) throw new Unsupported('bare XState ends with an error');
    if (actor.getSnapshot().value === 'fail') throw new Unsupported('bare XState fails');
    return windows;
  } catch (error) {
    throw error instanceof Unsupported ? error : new Unsupported('bare XState throws', { cause: error });
  } finally {
    actor.stop();
  }
}

function convert({ source }: Case): AnyStateMachine {
  try {
    return toMachine(source);
  } catch (cause) {
    throw new Unsupported('the converter lacks something', { cause });
  }
}

async function untilEnd(actor: AnyActor): Promise<void> {
  const began = performance.now();
  while (actor.getSnapshot().status === 'active') {
    if (performance.now() - began > LIMIT) throw new Unsupported('bare XState does not end');
    await sleep(5);
  }
  const { value } = actor.getSnapshot() as { value: unknown };
  if (value !== 'pass' && value !== 'final') throw new Unsupported('bare XState fails');
}

const isIn = ({ root }: AnyStateMachine, actor: AnyActor, id: string): boolean =>
  getStateNodes(root, actor.getSnapshot().value).some((node) => node.id === machineId(id));
