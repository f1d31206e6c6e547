/**
 * Random machines, as plain data that can be printed and shrunk; `build-machine.ts` makes them real.
 *
 * Loops are kept finite by fuel: eventless transitions, raised events and messages between actors burn
 * it, and only events from outside bring it.
 */
import fc from 'fast-check';

/** The events that come from outside. */
export const EVENTS = ['A', 'B', 'C', 'D'] as const;
type EventName = (typeof EVENTS)[number];

/** How a context is changed. */
export interface Change {
  readonly how: 'count' | 'push' | 'shift' | 'replace' | 'set' | 'unset' | 'map' | 'when' | 'trim';
  readonly value: number;
}

export interface GuardSpec {
  readonly is: 'mod' | 'in' | 'not';
  readonly value: number;
}

/** One action. Numbers pick from what there is, modulo its count. */
export type ActionSpec =
  | { readonly do: 'change'; readonly change: Change }
  | { readonly do: 'act' | 'actInline' | 'print' | 'emit'; readonly tag: number }
  | { readonly do: 'raise' | 'tellParent'; readonly event: EventName }
  | {
      readonly do: 'raiseLater' | 'tellParentLater';
      readonly event: EventName;
      readonly delay: number;
      readonly id: number;
    }
  | { readonly do: 'cancel'; readonly id: number }
  | { readonly do: 'tellChild'; readonly child: number; readonly event: EventName }
  | {
      readonly do: 'tellChildLater';
      readonly child: number;
      readonly event: EventName;
      readonly delay: number;
      readonly id: number;
    }
  | { readonly do: 'tellSystem'; readonly name: number; readonly event: EventName }
  | { readonly do: 'spawn' | 'stop' | 'respawn'; readonly slot: number }
  | { readonly do: 'check'; readonly guard: GuardSpec; readonly then: readonly ActionSpec[] };

export interface TransitionSpec {
  /** A state, by its number; none: the transition has no target. */
  readonly target: number | undefined;
  readonly reenter: boolean;
  readonly guard: GuardSpec | undefined;
  readonly actions: readonly ActionSpec[];
}

export type SourceSpec =
  | { readonly is: 'promise' | 'callback' | 'observable' | 'events' | 'transition' | 'store' }
  | { readonly is: 'machine'; readonly machine: MachineSpec };

export interface InvokeSpec {
  readonly source: SourceSpec;
  /** Given as logic, not by a name. */
  readonly inline: boolean;
  /** Registered with the system; only in the root machine. */
  readonly named: boolean;
  readonly onDone: TransitionSpec | undefined;
  readonly onError: TransitionSpec | undefined;
  readonly onSnapshot: TransitionSpec | undefined;
}

export interface StateSpec {
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly deep: boolean;
  readonly waits: boolean;
  readonly states: readonly StateSpec[];
  readonly entry: readonly ActionSpec[];
  readonly exit: readonly ActionSpec[];
  readonly on: readonly (TransitionSpec & { readonly event: EventName })[];
  readonly always: TransitionSpec | undefined;
  readonly after: (TransitionSpec & { readonly delay: number }) | undefined;
  readonly onDone: TransitionSpec | undefined;
  readonly invoke: readonly InvokeSpec[];
}

/** Where children are spawned: at most one lives in each. */
export interface SlotSpec {
  readonly source: SourceSpec;
  /** With `spawn` in an `assign`, so that the context refers to it; else with `spawnChild`. */
  readonly inContext: boolean;
  readonly named: boolean;
  readonly sync: boolean;
}

export interface MachineSpec {
  readonly root: StateSpec;
  readonly slots: readonly SlotSpec[];
  /** Takes errors of children that no `onError` takes. */
  readonly forgiving: boolean;
  /** What the event BAD does besides bringing in a value that cannot be stored. */
  readonly bad: TransitionSpec;
  /** BAD goes on to a child, where there is one. */
  readonly badBelow: boolean;
}

/** One stimulus of a sequence. */
export type StepSpec = {
  /** The run is released, and opened anew by another runtime. */
  readonly reopen: boolean;
  /** How far the clock goes on while the run is released. */
  readonly away: number;
} & (
  | { readonly step: 'send'; readonly event: EventName; readonly n: number }
  | { readonly step: 'burst'; readonly events: readonly { readonly event: EventName; readonly n: number }[] }
  | { readonly step: 'tick'; readonly ms: number }
  | { readonly step: 'effect'; readonly pick: number; readonly outcome: 'value' | 'error' | 'end' | 'bad' }
  | { readonly step: 'again'; readonly pick: number }
  | { readonly step: 'bad' }
  /** An action of a child fails, or one of the root where there is no child and `root` says so. */
  | { readonly step: 'fail'; readonly root: boolean }
);

export interface SequenceSpec {
  readonly machine: MachineSpec;
  readonly steps: readonly StepSpec[];
  readonly durability: 'sync' | 'async' | 'exit';
  readonly history: 'append' | 'replace';
  readonly delays: 'deadline' | 'remaining';
  readonly ids: boolean;
  /** Of the faults of the store. */
  readonly seed: number;
}

const event = fc.constantFrom(...EVENTS);
const pick = fc.nat({ max: 23 });
const delay = fc.constantFrom(10, 1, 50, 10, 200, 0);
/** There in `share` of four. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, share = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4 - share, arbitrary: fc.constant(undefined) }, { weight: share, arbitrary });

const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom(
    'count',
    'count',
    'push',
    'push',
    'shift',
    'replace',
    'set',
    'unset',
    'map',
    'when',
    'trim',
  ),
  value: fc.nat({ max: 11 }),
});
const guard: fc.Arbitrary<GuardSpec> = fc.record({ is: fc.constantFrom('mod', 'in', 'not'), value: pick });

const plainAction: fc.Arbitrary<ActionSpec> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), change }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('act', 'act', 'actInline', 'print', 'emit'), tag: pick }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('raise', 'tellParent'), event }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('raiseLater', 'raiseLater', 'tellParentLater'),
      event,
      delay,
      id: fc.nat({ max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tellChild' as const), child: pick, event }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('tellChildLater' as const),
      child: pick,
      event,
      delay,
      id: fc.nat({ max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tellSystem' as const), name: pick, event }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('spawn', 'spawn', 'stop', 'respawn'), slot: pick }),
  },
);
const action: fc.Arbitrary<ActionSpec> = fc.oneof(
  { weight: 8, arbitrary: plainAction },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('check' as const),
      guard,
      then: fc.array(plainAction, { maxLength: 2 }),
    }),
  },
);
const actions = fc.array(action, { maxLength: 2 });

const transition: fc.Arbitrary<TransitionSpec> = fc.record({
  target: maybe(pick, 2),
  reenter: fc.boolean(),
  guard: maybe(guard),
  actions,
});

const simpleSource: fc.Arbitrary<SourceSpec> = fc.record({
  is: fc.constantFrom('promise', 'promise', 'callback', 'observable', 'events', 'transition', 'store'),
});

function sourceOf(below: number): fc.Arbitrary<SourceSpec> {
  if (below === 0) return simpleSource;
  const machine = fc.record({ is: fc.constant('machine' as const), machine: machineOf(below - 1) });
  return fc.oneof({ weight: 4, arbitrary: simpleSource }, { weight: 1, arbitrary: machine });
}

function stateOf(
  type: fc.Arbitrary<StateSpec['type']>,
  levels: number,
  below: number,
): fc.Arbitrary<StateSpec> {
  const invoke = fc.record({
    source: sourceOf(below),
    inline: fc.boolean(),
    named: fc.boolean(),
    onDone: maybe(transition, 2),
    onError: maybe(transition, 3),
    onSnapshot: maybe(transition),
  });
  return type.chain((type) =>
    fc.record({
      type: fc.constant(type),
      deep: fc.boolean(),
      waits: fc.boolean(),
      states:
        type === 'compound' || type === 'parallel' ? statesOf(type, levels - 1, below) : fc.constant([]),
      entry: fc.array(action, { maxLength: 2 }),
      exit: fc.array(action, { maxLength: 1 }),
      on: fc.array(
        fc.record({ event, target: maybe(pick, 3), reenter: fc.boolean(), guard: maybe(guard), actions }),
        { maxLength: 3 },
      ),
      always: maybe(transition),
      after: maybe(
        fc.record({ delay, target: maybe(pick, 3), reenter: fc.boolean(), guard: maybe(guard), actions }),
        1,
      ),
      onDone: maybe(transition),
      invoke: type === 'final' || type === 'history' ? fc.constant([]) : fc.array(invoke, { maxLength: 1 }),
    }),
  );
}

/** The children of a compound or parallel state, the first of which can be entered by default. */
function statesOf(type: 'compound' | 'parallel', levels: number, below: number): fc.Arbitrary<StateSpec[]> {
  const inner: fc.Arbitrary<StateSpec['type']> =
    levels > 0 ? fc.constantFrom('atomic', 'atomic', 'compound', 'parallel') : fc.constant('atomic');
  const region: fc.Arbitrary<StateSpec['type']> =
    levels > 0 ? fc.constantFrom('compound', 'atomic') : fc.constant('atomic');
  const proper = fc.array(stateOf(type === 'parallel' ? region : inner, levels, below), {
    minLength: type === 'parallel' ? 2 : 1,
    maxLength: type === 'parallel' ? 2 : 3,
  });
  const extra: fc.Arbitrary<StateSpec['type']> =
    type === 'parallel' ? fc.constant('history') : fc.constantFrom('history', 'final');
  return fc
    .tuple(proper, fc.array(stateOf(extra, 0, 0), { maxLength: 1 }))
    .map(([first, rest]) => [...first, ...rest]);
}

function machineOf(below: number): fc.Arbitrary<MachineSpec> {
  return fc.record({
    root: stateOf(fc.constantFrom('compound', 'compound', 'parallel'), 2, below),
    slots: fc.array(
      fc.record({
        source: sourceOf(below),
        inContext: fc.boolean(),
        named: fc.boolean(),
        sync: fc.boolean(),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    forgiving: fc.constantFrom(true, true, true, false),
    bad: transition,
    badBelow: fc.boolean(),
  });
}

const stimulus = fc.record({ event, n: fc.nat({ max: 9 }) });
const outcome = fc.constantFrom<'value' | 'error' | 'end' | 'bad'>(
  'value',
  'value',
  'value',
  'error',
  'end',
  'bad',
);

const step: fc.Arbitrary<StepSpec> = fc
  .record({
    reopen: fc.boolean(),
    away: fc.constantFrom(0, 0, 0, 5, 60),
    what: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ step: fc.constant('send' as const), event, n: fc.nat({ max: 9 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          step: fc.constant('burst' as const),
          events: fc.array(stimulus, { minLength: 2, maxLength: 4 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          step: fc.constant('tick' as const),
          ms: fc.constantFrom(1, 10, 10, 50, 200),
        }),
      },
      { weight: 4, arbitrary: fc.record({ step: fc.constant('effect' as const), pick, outcome }) },
      { weight: 1, arbitrary: fc.record({ step: fc.constant('again' as const), pick }) },
      { weight: 1, arbitrary: fc.record({ step: fc.constant('bad' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          step: fc.constant('fail' as const),
          root: fc.constantFrom(false, false, false, true),
        }),
      },
    ),
  })
  .map(({ what, ...when }) => ({ ...what, ...when }));

/** A machine, and what is done to it. */
export const sequence: fc.Arbitrary<SequenceSpec> = fc
  .record({
    machine: machineOf(2),
    steps: fc.array(step, { minLength: 1, maxLength: 16, size: 'max' }),
    reopens: fc.constantFrom('never', 'sometimes', 'sometimes', 'always'),
    durability: fc.constantFrom<SequenceSpec['durability']>('sync', 'sync', 'sync', 'async', 'exit'),
    history: fc.constantFrom<SequenceSpec['history']>('append', 'append', 'replace'),
    delays: fc.constantFrom<SequenceSpec['delays']>('deadline', 'deadline', 'remaining'),
    ids: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ reopens, steps, ...rest }) => ({
    ...rest,
    steps: steps.map((one) => ({
      ...one,
      reopen: reopens === 'always' || (reopens === 'sometimes' && one.reopen),
    })),
  }));
