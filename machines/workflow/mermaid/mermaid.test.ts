import { createActor, createMachine, fromPromise, not, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { workflow } from '../workflow.ts';
import { toMermaid } from './to-mermaid.ts';

describe('a picture', () => {
  it('of a workflow has its nodes and edges, and their states as colours', () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .choice('is it "large"?', { routes: { yes: () => false, no: true } })
          .question('ask', { after: ['is it "large"?:yes'], ask: {} })
          .waitFor('wait', { after: ['is it "large"?:no'], event: 'go', onError: 'route' })
          .task('mend', { after: ['wait:error'], run: async () => 1 }),
    });
    const actor = createActor(machine);
    actor.start();
    expect(toMermaid(machine, { snapshot: actor.getSnapshot() })).toBe(`flowchart TD
  n0{"is it #34;large#34;?"}:::done
  n1{{"ask"}}:::skipped
  n2>"wait"]:::waitingForInput
  n3["mend"]:::pending
  n0 -- "yes" --> n1
  n0 -- "no" --> n2
  n2 -. error .-> n3
  classDef done fill:#dcfce7,stroke:#16a34a,color:#14532d
  classDef skipped fill:#fafafa,stroke:#d4d4d8,color:#a1a1aa,stroke-dasharray:4
  classDef waitingForInput fill:#fef3c7,stroke:#d97706,color:#78350f
  classDef pending fill:#f4f4f5,stroke:#a1a1aa,color:#3f3f46
`);
    expect(toMermaid(machine)).not.toContain(':::');
  });

  it('of any other machine has its states and transitions, and the active ones in colour', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'idle',
      states: {
        idle: { on: { go: 'busy' } },
        busy: {
          initial: 'one',
          states: { one: { after: { 1000: 'two' } }, two: {} },
          on: { stop: 'end' },
        },
        end: { type: 'final' },
      },
    });
    const actor = createActor(machine);
    actor.start();
    actor.send({ type: 'go' });
    expect(toMermaid(machine, { snapshot: actor.getSnapshot() })).toBe(`stateDiagram-v2
  [*] --> s0
  state "idle" as s0
  state "busy" as s1 {
    [*] --> s2
    state "one" as s2
    state "two" as s3
  }
  state "end" as s4
  s4 --> [*]
  s0 --> s1 : go
  s1 --> s4 : stop
  s2 --> s3 : after 1000 ms
  classDef active fill:#dbeafe,stroke:#2563eb,color:#1e3a8a
  class s2 active
`);
  });

  it('has guards, delays, ends of actors, what is always taken, and histories', () => {
    const machine = setup({
      actors: { pay: fromPromise(async () => 1) },
      guards: { isLarge: () => true },
      delays: { patience: 10 },
    }).createMachine({
      id: 'order',
      initial: 'open',
      on: { reset: '.open' },
      states: {
        open: {
          initial: 'paying',
          states: {
            paying: {
              invoke: {
                src: 'pay',
                onDone: [{ guard: 'isLarge', target: 'asking' }, { target: 'paid' }],
                onError: { guard: () => true, target: 'paying' },
              },
              after: { patience: 'asking' },
            },
            asking: { always: { guard: not('isLarge'), target: 'paid' } },
            paid: { type: 'final' },
            last: { type: 'history', history: 'deep' },
          },
          onDone: 'sent: "all"',
        },
        'sent: "all"': { on: { back: 'open.last', '*': 'ended' } },
        ended: { type: 'final' },
      },
    });
    expect(toMermaid(machine)).toBe(`stateDiagram-v2
  state "order" as s0 {
    [*] --> s1
    state "open" as s1 {
      [*] --> s2
      state "paying" as s2
      state "asking" as s3
      state "paid" as s4
      s4 --> [*]
      state "last (H*)" as s5
    }
    state "sent#58; #34;all#34;" as s6
    state "ended" as s7
    s7 --> [*]
  }
  s0 --> s1 : reset
  s1 --> s6 : done
  s2 --> s3 : done pay [isLarge]
  s2 --> s4 : done pay
  s2 --> s2 : error pay […]
  s2 --> s3 : after patience
  s3 --> s4 : […]
  s6 --> s5 : back
  s6 --> s7 : *
`);
  });

  it('has the regions of a parallel machine, and what is active in each', () => {
    const region = { initial: 'off', states: { off: { on: { flip: 'on' } }, on: {} } };
    const machine = createMachine({ id: 'lamps', type: 'parallel', states: { left: region, right: region } });
    const actor = createActor(machine);
    actor.start();
    actor.send({ type: 'flip' });
    expect(toMermaid(machine, { snapshot: actor.getPersistedSnapshot() as object })).toBe(`stateDiagram-v2
  state "lamps" as s0 {
    state "left" as s1 {
      [*] --> s2
      state "off" as s2
      state "on" as s3
    }
    --
    state "right" as s4 {
      [*] --> s5
      state "off" as s5
      state "on" as s6
    }
  }
  s2 --> s3 : flip
  s5 --> s6 : flip
  classDef active fill:#dbeafe,stroke:#2563eb,color:#1e3a8a
  class s3,s6 active
`);
  });
});
