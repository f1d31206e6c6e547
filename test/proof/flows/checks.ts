/** What must be so of the calls of a flow, whenever its processes were killed. Each check gives what is not. */
import type { NodeState } from 'savepoint/machines';
import { effectsOf } from '../../support/workflow/calls.ts';
import { idOf, isPatient } from '../../support/workflow/random-workflow.ts';
import type { RandomGraph, RandomNode } from '../../support/workflow/random-node.ts';
import type { Entry } from './outside.ts';

type States = Readonly<Record<string, NodeState>>;

/** A flow at its end, and its calls. */
export interface Ended {
  readonly graph: RandomGraph;
  readonly entries: readonly Entry[];
  /** The nodes as each process left them; the last one ended the flow. */
  readonly left: readonly (States | undefined)[];
}

/** Nothing is called again that was finished when the process before was killed. */
export function checkFinished({ graph, entries, left }: Ended): string[] {
  const faults: string[] = [];
  const begun = new Set<string>();
  const order = new Map<string, string[]>();
  for (const { at, of, effect, life } of entries) {
    if (at === 'end') continue;
    const call = `${of.node} ${of.part} ${effect}`;
    const fault = (what: string): void => void faults.push(`${call} in process ${life}: ${what}`);
    if (begun.has(`${call} ${life}`)) fault('it ran twice in one process');
    begun.add(`${call} ${life}`);
    const effects = order.get(`${of.node} ${of.part}`) ?? [];
    order.set(`${of.node} ${of.part}`, effects);
    if (!effects.includes(effect)) effects.push(effect);
    const stored = left[life - 2]?.[of.node];
    if (!stored) continue;
    if (of.part === 'undo' ? stored.undone !== undefined : stored.finished !== undefined)
      fault('it was finished before that');
    if (of.part === 'run' && effects.indexOf(effect) + 1 < stored.attempts && !isPatientIn(graph, of.node))
      fault(`attempt ${stored.attempts} had begun before that`);
    if (stored.type === 'loop' && of.part !== 'undo' && Number(of.part) < (stored.iteration ?? 0))
      fault(`iteration ${stored.iteration} had begun before that`);
  }
  return faults;
}

/** A step is finished when the next one begins. */
export function checkSteps({ graph, entries }: Ended): string[] {
  const over = new Set<string>();
  return entries.flatMap(({ at, of, effect }) => {
    if (at === 'end' || nodeOf(graph, of.node)?.ephemeral !== false) return [];
    const base = `${of.node} ${effect.slice(0, effect.lastIndexOf('/'))}`;
    if (of.part === 'two') over.add(base);
    return of.part === 'one' && over.has(base) ? [`${base} began step one again after step two`] : [];
  });
}

/** A map goes on where it was: as many of its items as work at a time may begin again. */
export function checkItems({ graph, entries, left }: Ended): string[] {
  return maps(graph).flatMap(([id, { size, ephemeral }]) => {
    const its = entries.filter(({ at, of }) => at === 'begin' && of.node === id && of.part !== 'undo');
    const faults: string[] = [];
    const before = new Set<string>();
    for (let life = 1; life <= left.length; life++) {
      const items = new Set(its.filter((entry) => entry.life === life).map(({ of }) => of.part));
      const again = [...items].filter((item) => before.has(item));
      if (!ephemeral && again.length > size)
        faults.push(`${id}: the items ${again.join()} began again in process ${life}, and ${size} can`);
      for (const item of items) before.add(item);
    }
    const { status } = left.at(-1)![id]!;
    if (status === 'done' && before.size !== size * 4) faults.push(`${id}: it called ${before.size} items`);
    return faults;
  });
}

/** Work is called once for each attempt that its record tells of. */
export function checkAttempts({ graph, entries, left }: Ended): string[] {
  return Object.entries(left.at(-1)!).flatMap(([id, { type, attempts, status }]) => {
    const node = nodeOf(graph, id);
    if (!node || type !== 'task' || status === 'cancelled') return [];
    const called = effectsOf(entries, { node: id, part: 'run' }).length;
    // An attempt that was cut off before it began fails, or its time is out.
    const fits = isPatient(node) ? called <= attempts : called === attempts;
    return fits ? [] : [`${id} is ${status} after ${attempts} attempts, and was called for ${called}`];
  });
}

/** After a failure, what was done is undone, once, the last first; nothing else is. */
export function checkUndone({ graph, entries, left }: Ended, failed: boolean): string[] {
  const faults: string[] = [];
  let running: string | undefined;
  let newest = Infinity;
  for (const { at, of } of entries) {
    if (of.part !== 'undo') {
      if (running !== undefined && at === 'begin') faults.push(`${of.node} ran while ${running} was undone`);
      continue;
    }
    if (at === 'end') running = undefined;
    else if (running !== undefined && running !== of.node)
      faults.push(`${of.node} was undone while ${running} was`);
    if (at === 'end') continue;
    running = of.node;
    const finished = Date.parse(left.at(-1)![of.node]?.finished ?? '');
    if (!(finished <= newest)) faults.push(`${of.node} was undone before what came after it`);
    newest = finished;
  }
  for (const [id, { undone, type, finished }] of Object.entries(left.at(-1)!)) {
    const isUndoable = nodeOf(graph, id)?.undo === true && ['task', 'subflow', 'map', 'loop'].includes(type);
    const times = effectsOf(entries, { node: id, part: 'undo' }).length;
    const wasDone = isUndoable && failed && finished !== undefined && undone !== undefined;
    if (times !== (wasDone ? 1 : 0))
      faults.push(`${id}, which is ${undone ?? 'not undone'}, was undone ${times} times`);
  }
  return faults;
}

/** How many calls a kill cut off, so that they came again. */
export const countAgain = (entries: readonly Entry[]): number => {
  const begun = entries.filter(({ at }) => at === 'begin');
  return begun.length - new Set(begun.map(({ of, effect }) => `${of.node} ${of.part} ${effect}`)).size;
};

const nodeOf = ({ nodes }: RandomGraph, id: string): RandomNode | undefined =>
  /^n\d+$/.test(id) ? nodes[Number(id.slice(1))] : undefined;

const isPatientIn = (graph: RandomGraph, id: string): boolean => {
  const node = nodeOf(graph, id);
  return node !== undefined && isPatient(node);
};

const maps = ({ nodes }: RandomGraph): (readonly [string, RandomNode])[] =>
  nodes.flatMap((node, number) => (node.type === 'map' ? [[idOf(number), node] as const] : []));
