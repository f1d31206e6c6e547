/** Makes a machine of its specification, its effects in a world of their own. */
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromTransition,
  log,
  sendParent,
  setup,
  stateIn,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import { fromStore } from '@xstate/store';
import {
  EVENTS,
  type ActionSpec,
  type Change,
  type GuardSpec,
  type InvokeSpec,
  type MachineSpec,
  type SlotSpec,
  type SourceSpec,
  type StateSpec,
  type TransitionSpec,
} from './spec.ts';
import { unstorable, type World } from './world.ts';

interface Context {
  /** Where the actor is: the ids from the root down. */
  readonly path: string;
  readonly fuel: number;
  readonly n: number;
  readonly list: readonly unknown[];
  readonly record: Readonly<Record<string, unknown>>;
  readonly map: ReadonlyMap<string, unknown>;
  readonly when: Date | undefined;
  readonly live: Readonly<Record<string, boolean>>;
  readonly refs: Readonly<Record<string, AnyActorRef>>;
  readonly last: unknown;
  readonly synced: boolean;
  readonly bad?: unknown;
}

const FUEL = 8;

const valueOf = (n: number): unknown =>
  [
    n,
    `text ${n}`,
    { deep: { n, list: [n, { n }] } },
    [n, [n]],
    new Date(n),
    BigInt(n),
    -0,
    null,
    undefined,
    NaN,
    new Set([n, { n }]),
    /n/g,
  ][n % 12];

function changed(context: Context, { how, value }: Change): Partial<Context> {
  const { n, list, record } = context;
  const key = ['k', '__proto__', '$type', 'json'][value % 4]!;
  switch (how) {
    case 'count':
      return { n: n + value };
    case 'push':
      return { list: [...list, valueOf(value + n)] };
    case 'shift':
      return { list: list.slice(1) };
    case 'replace':
      return { list: list.map((item, at) => (at === value % list.length ? valueOf(n) : item)) };
    case 'trim':
      return { list: [...list.slice(1), valueOf(value), list[0]] };
    case 'set':
      return { record: Object.fromEntries([...Object.entries(record), [key, valueOf(value + n)]]) };
    case 'unset':
      return { record: Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) };
    case 'map':
      return { map: new Map(context.map).set(key, valueOf(value)) };
    case 'when':
      return { when: value % 3 === 0 ? undefined : new Date(value) };
  }
}

const burn = ({ fuel }: Context): { fuel: number } => ({ fuel: fuel - 1 });
const hasFuel = ({ context }: { context: Context }): boolean => context.fuel > 0;

/** Events from outside bring fuel, what a parent sends brings a little, all others need some. */
const refuel = assign(({ context, event }: { context: Context; event: any }) => {
  if (event.n !== undefined) return { fuel: Math.min(FUEL, context.fuel + 3), n: context.n + event.n };
  if (event.down) return { fuel: Math.min(FUEL, context.fuel + 1) };
  return burn(context);
}) as any;
const brings = ({ event }: { event: any }): boolean => event.n !== undefined || event.down === true;

const keep = assign(({ event }: { event: any }) => ({
  last: event.output?.n ?? event.snapshot?.context?.n ?? null,
})) as any;

/** In an order that does not hang on which came first: after a restore it is another one. */
const childrenOf = (self: AnyActorRef): AnyActorRef[] =>
  Object.values<AnyActorRef>(self.getSnapshot()?.children ?? {}).toSorted((a, b) => (a.id < b.id ? -1 : 1));

const isActiveMachine = (actor: AnyActorRef): boolean => {
  const snapshot = actor.getSnapshot();
  return snapshot.status === 'active' && 'value' in snapshot;
};
// XState lets the children of a machine whose action failed run on, and never starts them again.
const isChildless = (actor: AnyActorRef): boolean => Object.keys(actor.getSnapshot().children).length === 0;

/** The machine of a specification; each call makes a new one, as a new process would. */
export function buildMachine(spec: MachineSpec, world: World): AnyStateMachine {
  return new Builder(spec, world, true).build();
}

class Builder {
  readonly #states: StateSpec[] = [];
  readonly #ids = new Map<StateSpec, string>();
  readonly #actors: Record<string, AnyActorLogic>;
  readonly #names: string[] = [];
  /** The ids of children that tell their snapshots. */
  readonly #synced = new Set<string>();
  #invokes = 0;
  #machines = 0;

  constructor(
    private readonly spec: MachineSpec,
    private readonly world: World,
    private readonly isRoot: boolean,
  ) {
    this.#number(spec.root);
    this.#actors = {
      ...world.logics,
      transition: fromTransition(
        (state: { readonly seen: readonly string[] }, event) => ({
          ...state,
          seen: [...state.seen, event.type],
        }),
        ({ input }: { input: { path: string } }) => ({ path: input.path, seen: [] }),
      ) as AnyActorLogic,
      store: fromStore({
        context: (input: { path: string }) => ({ path: input.path, count: 0 }),
        on: Object.fromEntries(
          EVENTS.map((type) => [
            type,
            (context: { count: number }) => ({ ...context, count: context.count + 1 }),
          ]),
        ),
      } as any) as AnyActorLogic,
    };
  }

  #number(state: StateSpec): void {
    this.#ids.set(state, this.#states.length === 0 ? 'root' : `s${this.#states.length}`);
    this.#states.push(state);
    state.states.forEach((child) => this.#number(child));
  }

  build(): AnyStateMachine {
    const { world, spec } = this;
    const slots = spec.slots.map((slot, at) => ({
      slot,
      id: `slot${at}`,
      src: this.#sourceName(slot.source),
    }));
    for (const { slot, id } of slots) if (slot.sync) this.#synced.add(id);
    if (this.isRoot) slots.forEach(({ slot, id }) => slot.named && this.#names.push(`sys-${id}`));
    // States first: they collect the actors and the names that the rest needs.
    const root = this.#state(spec.root, slots) as any;
    const actions = {
      act: ({ context }: { context: Context }, params: unknown) =>
        world.say('acts', context.path, JSON.stringify(params)),
      explode: () => {
        throw new Error('exploded');
      },
    };
    const config = {
      ...root,
      id: 'root',
      context: ({ input }: { input?: { path: string } }): Context => ({
        path: input?.path ?? '',
        fuel: FUEL,
        n: 0,
        list: [],
        record: {},
        map: new Map(),
        when: undefined,
        live: {},
        refs: {},
        last: undefined,
        synced: false,
      }),
      output: ({ context }: { context: Context }) => ({ n: context.n, list: context.list }),
      on: {
        ...root.on,
        SYNC: { actions: assign({ synced: true }) },
        BAD: { ...this.#transition({ ...spec.bad, guard: undefined }, slots), actions: this.#bad(slots) },
        FAIL: { actions: this.#fail() },
        ...(spec.forgiving && { 'xstate.error.actor.*': { actions: assign({ last: 'forgiven' }) } }),
        ...Object.fromEntries(
          slots.map(({ id }) => [
            `xstate.snapshot.${id}`,
            { guard: hasFuel, actions: [assign(({ context }: any) => burn(context)), keep] },
          ]),
        ),
      },
    };
    if (spec.badBelow) delete config.on.BAD.target;
    return setup({ actors: this.#actors, actions } as any).createMachine(config);
  }

  // --- States

  #state(spec: StateSpec, slots: readonly Slot[]): object {
    const id = this.#ids.get(spec)!;
    const { type } = spec;
    const isTop = id === 'root';
    if (type === 'history') return { id, type, history: spec.deep ? 'deep' : 'shallow' };
    const entry = spec.entry.map((action) => this.#action(action, slots));
    const states = Object.fromEntries(
      spec.states.map((child) => {
        const state: any = this.#state(child, slots);
        if (child.type === 'history') state.target = `#${this.#ids.get(spec.states[0]!)}`;
        // A machine that ends stops its children; what refers to them must go with it.
        if (child.type === 'final' && isTop) state.entry = [...(state.entry ?? []), assign({ refs: {} })];
        return [this.#ids.get(child), state];
      }),
    );
    if (type === 'final') return { id, type, entry };
    const on: Record<string, object[]> = {};
    for (const { event, ...transition } of spec.on) (on[event] ??= []).push(this.#event(transition, slots));
    const { after, always, onDone } = spec;
    return {
      ...(!isTop && { id }),
      ...(type === 'parallel' && { type }),
      ...(type === 'compound' && { initial: this.#ids.get(spec.states[0]!) }),
      ...(spec.states.length > 0 && { states }),
      ...(spec.waits && { tags: ['waitingForInput'] }),
      ...(onDone && type !== 'atomic' && !isTop && { onDone: this.#fuelled(onDone, slots) }),
      ...(always && { always: this.#fuelled(always, slots) }),
      ...(after && {
        after: {
          [after.delay]: after.delay === 0 ? this.#fuelled(after, slots) : this.#transition(after, slots),
        },
      }),
      entry,
      exit: spec.exit.map((action) => this.#action(action, slots)),
      invoke: spec.invoke.map((invoke) => this.#invoke(invoke, slots)),
      on,
    };
  }

  #invoke(spec: InvokeSpec, slots: readonly Slot[]): object {
    const id = `invoke${this.#invokes++}`;
    const systemId = this.isRoot && spec.named ? `sys-${id}` : undefined;
    if (systemId) this.#names.push(systemId);
    const src = this.#sourceName(spec.source);
    const { onDone, onError, onSnapshot } = spec;
    if (onSnapshot) this.#synced.add(id);
    return {
      id,
      src: spec.inline ? this.#actors[src] : src,
      input: ({ context }: { context: Context }) => ({ path: `${context.path}/${id}` }),
      ...(systemId && { systemId }),
      ...(onDone && { onDone: this.#fuelled(onDone, slots, keep) }),
      ...(onError && { onError: this.#transition(onError, slots) }),
      ...(onSnapshot && { onSnapshot: this.#fuelled(onSnapshot, slots, keep) }),
    };
  }

  #sourceName(source: SourceSpec): string {
    if (source.is !== 'machine') return source.is;
    const name = `machine${this.#machines++}`;
    this.#actors[name] = new Builder(source.machine, this.world, false).build();
    return name;
  }

  // --- Transitions

  #transition(
    { target, reenter, guard, actions }: TransitionSpec,
    slots: readonly Slot[],
    ...first: object[]
  ): any {
    const state = target === undefined ? 0 : 1 + (target % (this.#states.length - 1));
    // By way of a history state that stands for where it is, XState enters a state that it has not left.
    const reenters = reenter || this.#states[state]!.type === 'history';
    return {
      ...(target !== undefined && { target: `#s${state}`, reenter: reenters }),
      ...(guard && { guard: this.#guard(guard) }),
      actions: [...first, ...actions.map((action) => this.#action(action, slots))],
    };
  }

  /** One that burns fuel, so that it cannot go round for ever. */
  #fuelled(spec: TransitionSpec, slots: readonly Slot[], ...first: object[]): any {
    const burns = assign(({ context }: any) => burn(context)) as any;
    const { guard, ...rest } = this.#transition(spec, slots, burns, ...first);
    return { ...rest, guard: guard ? and([hasFuel as any, guard]) : hasFuel };
  }

  #event(spec: TransitionSpec, slots: readonly Slot[]): any {
    const { guard, ...rest } = this.#transition(spec, slots, refuel);
    const may = (args: any): boolean => brings(args) || hasFuel(args);
    return { ...rest, guard: guard ? and([may, guard]) : may };
  }

  #guard({ is, value }: GuardSpec): any {
    if (is === 'in') return stateIn(`#s${1 + (value % (this.#states.length - 1))}`);
    const holds = ({ context }: { context: Context }): boolean => context.n % (2 + (value % 3)) === 0;
    return is === 'mod' ? holds : (args: { context: Context }) => !holds(args);
  }

  // --- Actions

  #bad(slots: readonly Slot[]): object[] {
    const { bad, badBelow } = this.spec;
    const spoil = assign({ bad: () => unstorable(bad.actions.length) });
    if (!badBelow) return [...bad.actions.map((action) => this.#action(action, slots)), spoil];
    return [
      enqueueActions(({ enqueue, self }: any) => {
        const child = childrenOf(self).find(isActiveMachine);
        if (child) enqueue.sendTo(child, { type: 'BAD' });
        else enqueue.assign({ bad: () => unstorable(bad.actions.length) });
      }),
    ];
  }

  #fail(): object {
    return enqueueActions(({ enqueue, event, self }: any) => {
      const child = childrenOf(self).find(
        // Bare XState tells no snapshot of what an action that fails began; here it fails after its turn.
        (one) => isActiveMachine(one) && isChildless(one) && !this.#synced.has(one.id),
      );
      if (child) enqueue.sendTo(child, { type: 'FAIL', root: true });
      else if (event.root) enqueue('explode');
    });
  }

  #action(spec: ActionSpec, slots: readonly Slot[]): any {
    const { world } = this;
    switch (spec.do) {
      case 'change':
        return assign(({ context }: any) => changed(context, spec.change));
      case 'act':
        return { type: 'act', params: ({ context }: any) => ({ tag: spec.tag, n: context.n }) };
      case 'actInline':
        return ({ context }: { context: Context }) =>
          world.say('acts inline', context.path, spec.tag, context.n);
      case 'print':
        return log(({ context }: any) => `prints ${context.path} ${spec.tag} ${context.n}`);
      case 'emit':
        return emit(({ context }: any) => ({ type: 'note', tag: spec.tag, n: context.n }) as any);
      case 'raise':
        return burning((enqueue) => enqueue.raise({ type: spec.event }));
      case 'raiseLater':
        return later(spec, (enqueue, options) => enqueue.raise({ type: spec.event }, options));
      case 'cancel':
        return cancel(`later${spec.id}`);
      case 'tellParent':
        return burning((enqueue) => {
          if (!this.isRoot) enqueue(sendParent({ type: spec.event }));
        });
      case 'tellParentLater':
        return later(spec, (enqueue, options) => {
          if (!this.isRoot) enqueue(sendParent({ type: spec.event }, options));
        });
      case 'tellChild':
        return burning((enqueue, { self }) => {
          const child = pick(childrenOf(self), spec.child);
          if (child) enqueue.sendTo(child, { type: spec.event, down: true });
        });
      case 'tellChildLater':
        return later(spec, (enqueue, options, { self }) => {
          const child = pick(childrenOf(self), spec.child);
          if (child) enqueue.sendTo(child, { type: spec.event, down: true }, options);
        });
      case 'tellSystem':
        return burning((enqueue, { system }) => {
          const name = pick(this.#names, spec.name);
          const actor = name === undefined ? undefined : system.get(name);
          if (actor) enqueue.sendTo(actor, { type: spec.event });
        });
      case 'spawn':
      case 'stop':
      case 'respawn':
        return slotAction(pick(slots, spec.slot)!, spec.do, this.isRoot);
      case 'check': {
        const then = spec.then.map((action) => this.#action(action, slots));
        return enqueueActions(({ check, enqueue }: any) => {
          if (check(this.#guard(spec.guard))) then.forEach((action) => enqueue(action));
        });
      }
    }
  }
}

interface Slot {
  readonly slot: SlotSpec;
  readonly id: string;
  readonly src: string;
}

const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % items.length];

/** Does it only while there is fuel, and burns some. */
const burning = (run: (enqueue: any, args: any) => void): object =>
  enqueueActions((args: any) => {
    if (!hasFuel(args)) return;
    args.enqueue.assign(burn(args.context));
    run(args.enqueue, args);
  });

/** Sends with a delay. Time keeps loops of delays finite, unless they take none. */
function later(
  { delay, id }: { readonly delay: number; readonly id: number },
  send: (enqueue: any, options: object, args: any) => void,
): object {
  const schedule = (enqueue: any, args: any): void => {
    // One of four has no id of its own.
    if (id === 3) return send(enqueue, { delay }, args);
    // Of two pending ones with the same id bare XState can cancel none once the first has come.
    enqueue.cancel(`later${id}`);
    send(enqueue, { delay, id: `later${id}` }, args);
  };
  return delay === 0 ? burning(schedule) : enqueueActions((args: any) => schedule(args.enqueue, args));
}

function slotAction({ slot, id, src }: Slot, what: 'spawn' | 'stop' | 'respawn', isRoot: boolean): object {
  return enqueueActions(({ context, enqueue }: any) => {
    const isLive = context.live[id] === true;
    const { [id]: _, ...refs } = context.refs;
    if (isLive && what === 'spawn') return;
    if (isLive) enqueue.stopChild(id);
    if (what === 'stop') {
      if (isLive) enqueue.assign({ refs, live: { ...context.live, [id]: false } });
      return;
    }
    const options = {
      id,
      input: { path: `${context.path}/${id}` },
      ...(isRoot && slot.named && { systemId: `sys-${id}` }),
      ...(slot.sync && { syncSnapshot: true }),
    };
    const live = { ...context.live, [id]: true };
    if (slot.inContext)
      enqueue.assign(({ spawn }: any) => ({ live, refs: { ...refs, [id]: spawn(src, options) } }));
    else {
      enqueue.spawnChild(src, options);
      enqueue.assign({ live });
    }
  });
}
