/** Several agents: one after another, chosen by a model, handing over, and as the nodes of a workflow. */
import { createActor, toPromise, type OutputFrom } from 'xstate';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, type Run } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { workflow } from '../index.ts';
import {
  agent,
  agentTool,
  askHuman,
  handOff,
  router,
  sequence,
  team,
  threadOf,
  type AgentOptions,
  type AgentOutput,
  type TeamContext,
} from './index.ts';

function member(id: string, script: readonly Line[], options: Partial<AgentOptions<undefined>> = {}) {
  const scripted = scriptedModel(script);
  return { ...scripted, machine: agent({ id, model: scripted.model, ...options }) };
}

const open = () => createRuntime({ store: memoryStore(), logger: () => {} });
const prompt = (text: string) => ({ input: { prompt: text } });
const promptsOf = (calls: ReturnType<typeof member>['calls']) =>
  calls.map((call) =>
    call.prompt.flatMap(({ role, content }) =>
      role === 'user' || role === 'assistant'
        ? content.map((part) => `${role}: ${part.type === 'text' ? part.text : part.type}`)
        : [],
    ),
  );
const saidIn = ({ messages }: TeamContext) =>
  messages.map(({ from = 'person', content }) => `${from}: ${typeof content === 'string' ? content : '?'}`);

describe('a sequence', () => {
  it('lets each agent hear those before it, and has the answer of the last', async () => {
    const a = member('researcher', [{ text: 'Owls fly.' }]);
    const b = member('writer', [{ text: 'An owl flew.' }]);
    const essay = sequence({ id: 'essay', agents: [a.machine, b.machine] });
    const run = await open().start(essay, { id: 'r', ...prompt('Owls!') });
    expect(await run.done()).toEqual({
      text: 'An owl flew.',
      finishReason: 'stop',
      messageId: expect.stringMatching(/^r\/writer\/model:\d+$/),
      usage: { inputTokens: 20, outputTokens: 20, totalTokens: 40, cachedInputTokens: 0, cost: 0 },
    });
    expect(promptsOf(b.calls)).toEqual([['user: Owls!', 'user: [researcher] Owls fly.']]);
    expect(saidIn(run.getSnapshot().context)).toEqual([
      'person: Owls!',
      'researcher: Owls fly.',
      'writer: An owl flew.',
    ]);
  });

  it('runs without a runtime, and as the tool of an agent', async () => {
    const make = () =>
      sequence({
        id: 'essay',
        agents: [member('a', [{ text: 'One.' }]).machine, member('b', [{ text: 'Two.' }]).machine],
      });
    expect(await toPromise(createActor(make(), prompt('Go!')).start())).toMatchObject({ text: 'Two.' });
    const chief = member('chief', [{ calls: [['essay', { prompt: 'Go!' }, 'c']] }, { text: 'Read.' }], {
      tools: { essay: agentTool(make(), { description: 'Writes.' }) },
    });
    const run = await open().start(chief.machine, prompt('Go!'));
    await run.done();
    expect(JSON.stringify(chief.calls[1]!.prompt.at(-1))).toContain('Two.');
  });

  it('goes on where it was, and asks no model again that has answered', async () => {
    const a = member('a', [{ text: 'One.' }]);
    const b = member('b', [{ calls: [['ask', { question: 'Well?' }, 'c']] }, { text: 'Two.' }], {
      tools: { ask: askHuman() },
    });
    const both = sequence({ id: 'both', agents: [a.machine, b.machine] });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [both] });
    const before = await first.start(both, { id: 'r', ...prompt('Go!') });
    const [question] = await before.waitForInput();
    expect(question).toMatchObject({ id: 'r/b/c/work', actor: 'b/c/work', prompt: 'Well?' });
    expect(before.status).toBe('waitingForInput');
    await first.close();
    const second = createRuntime({ store, machines: [both] });
    const run = await second.open(both, 'r');
    await run.answer('r/b/c/work', 'Well.');
    expect(await run.done()).toMatchObject({ text: 'Two.' });
    expect([a.calls.length, b.calls.length]).toEqual([1, 2]);
  });

  it('fails with the error of an agent that fails', async () => {
    const a = member('a', [{ fails: () => new Error('down') }], { retry: { limit: 0 } });
    const b = member('b', [{ text: 'Two.' }]);
    const run = await open().start(sequence({ id: 'both', agents: [a.machine, b.machine] }), prompt('Go!'));
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_MODEL' });
    expect(b.calls).toHaveLength(0);
  });

  it('stops after the agent that speaks, and lets a person speak in', async () => {
    const ask = { tools: { ask: askHuman() } };
    const a = member('a', [{ calls: [['ask', { question: '?' }, 'c']] }, { text: 'One.' }], ask);
    const b = member('b', [{ text: 'Two.' }]);
    const run = await open().start(sequence({ id: 'both', agents: [a.machine, b.machine] }), {
      id: 'r',
      ...prompt('Go!'),
    });
    await run.waitForInput();
    await run.send({ type: 'user.message', content: 'Quick!' });
    await run.answer('r/a/c/work', 'yes');
    await run.done();
    expect(promptsOf(a.calls)[1]?.at(-1)).toBe('user: Quick!');
    expect(promptsOf(b.calls)[0]).toEqual(['user: Go!', 'user: Quick!', 'user: [a] One.']);

    const c = member('a', [{ calls: [['ask', { question: '?' }, 'c']] }], ask);
    const d = member('b', []);
    const stopped = await open().start(
      sequence({ id: 'both', agents: [c.machine, d.machine] }),
      prompt('Go!'),
    );
    await stopped.waitForInput();
    await stopped.send({ type: 'stop' });
    expect(await stopped.done()).toMatchObject({ finishReason: 'stopped' });
    expect(d.calls).toHaveLength(0);
  });
});

describe('a router', () => {
  const next = (name: string): Line => ({ text: JSON.stringify({ next: name }) });
  const desk = (choices: readonly Line[], more: { maxTurns?: number; chat?: boolean } = {}) => {
    const chooser = scriptedModel(choices);
    const billing = member('billing', [{ text: 'Paid.' }, { text: 'Paid again.' }], {
      description: 'Knows bills.',
    });
    const shipping = member('shipping', [{ text: 'Sent.' }, { text: 'Sent again.' }]);
    const machine = router({
      id: 'desk',
      model: chooser.model,
      agents: [billing.machine, shipping.machine],
      retry: { limit: 0 },
      ...more,
    });
    return { chooser, billing, shipping, machine };
  };

  it('lets the agents speak that a model chooses, until it says that all is done', async () => {
    const { chooser, billing, shipping, machine } = desk([next('shipping'), next('billing'), next('done')]);
    const run = await open().start(machine, { id: 'r', ...prompt('Where is it, and is it paid?') });
    const values: unknown[] = [run.getSnapshot().value];
    run.subscribe(({ value }) => value !== values.at(-1) && values.push(value));
    expect(await run.done()).toMatchObject({ text: 'Paid.', usage: { totalTokens: 100 } });
    expect(values).toEqual(['choosing', 'speaking', 'choosing', 'speaking', 'choosing', 'done']);
    expect(saidIn(run.getSnapshot().context).slice(1)).toEqual(['shipping: Sent.', 'billing: Paid.']);
    const [system] = chooser.calls[0]!.prompt;
    expect(system?.content).toContain('- billing: Knows bills.\n- shipping\n');
    expect(promptsOf(chooser.calls)[1]).toEqual([
      'user: Where is it, and is it paid?',
      'user: [shipping] Sent.',
      'user: Who is next?',
    ]);
    expect([billing.calls.length, shipping.calls.length]).toEqual([1, 1]);
  });

  it('makes no choice again that was made', async () => {
    const chooser = scriptedModel([next('asker'), next('done')]);
    const asker = member('asker', [{ calls: [['ask', { question: '?' }, 'c']] }, { text: 'Asked.' }], {
      tools: { ask: askHuman() },
    });
    const machine = router({ id: 'desk', model: chooser.model, agents: [asker.machine] });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine] });
    await (await first.start(machine, { id: 'r', ...prompt('Go!') })).waitForInput();
    await first.close();
    const run = await createRuntime({ store, machines: [machine] }).open(machine, 'r');
    await run.answer('r/asker/c/work', '!');
    expect(await run.done()).toMatchObject({ text: 'Asked.' });
    expect([chooser.calls.length, asker.calls.length]).toEqual([2, 2]);
    expect(new Set(chooser.calls.map(({ headers }) => headers?.['idempotency-key'])).size).toBe(2);
  });

  it('tells the model where it chooses nobody that is there, and not to be done before anybody spoke', async () => {
    const { chooser, machine } = desk([next('legal'), next('done'), next('billing'), next('done')]);
    const run = await open().start(machine, prompt('Go!'));
    expect(await run.done()).toMatchObject({ text: 'Paid.' });
    expect(promptsOf(chooser.calls)[1]?.at(-1)).toContain("'next' is one of: billing, shipping.");
  });

  it('lets one speak twice, and fails with AGENT_LIMIT where they never end', async () => {
    const { billing, machine } = desk([next('billing'), next('billing')], { maxTurns: 2 });
    const run = await open().start(machine, prompt('Go!'));
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_LIMIT', about: { limit: 'turns' } });
    expect(promptsOf(billing.calls)[1]).toEqual(['user: Go!', 'assistant: Paid.', 'user: Go on.']);
    expect(saidIn(run.getSnapshot().context)).toHaveLength(3);
  });

  it('chooses anew for each message of a chat', async () => {
    const { machine } = desk([next('billing'), next('done'), next('shipping'), next('done')], { chat: true });
    const run = await open().start(machine);
    expect(run.getSnapshot().value).toBe('done');
    await run.send({ type: 'user.message', content: 'Paid?', id: 'm-1' });
    await run.settled();
    expect((await run.send({ type: 'user.message', content: 'Paid?', id: 'm-1' })).accepted).toBe(false);
    await run.send({ type: 'user.message', content: 'Sent?' });
    await run.settled();
    expect(saidIn(run.getSnapshot().context)).toEqual([
      'person: Paid?',
      'billing: Paid.',
      'person: Sent?',
      'shipping: Sent.',
    ]);
  });
});

describe('a team', () => {
  const toBilling: Line = { text: 'One moment.', calls: [['toBilling', { reason: 'A refund of 9.' }, 'c']] };

  it('has whoever was given the conversation answer, also what is said later', async () => {
    const triage = member('triage', [toBilling], { tools: { toBilling: handOff('billing') } });
    const billing = member('billing', [{ text: 'Refunded.' }, { text: 'Welcome.' }]);
    const desk = team({ id: 'desk', agents: [triage.machine, billing.machine], chat: true });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [desk] });
    const before = await first.start(desk, { id: 'r', ...prompt('Refund me.') });
    await before.settled();
    await first.close();
    const run = await createRuntime({ store, machines: [desk] }).open(desk, 'r');
    await run.send({ type: 'user.message', content: 'Thanks.' });
    await run.settled();
    expect(saidIn(run.getSnapshot().context)).toEqual([
      'person: Refund me.',
      'triage: One moment.\n(To billing: A refund of 9.)',
      'billing: Refunded.',
      'person: Thanks.',
      'billing: Welcome.',
    ]);
    expect(triage.calls).toHaveLength(1);
    expect(promptsOf(billing.calls)[1]).toEqual([
      'user: Refund me.',
      'user: [triage] One moment.\n(To billing: A refund of 9.)',
      'assistant: Refunded.',
      'user: Thanks.',
    ]);
  });

  it('keeps the conversation where a person does not let it go', async () => {
    const triage = member('triage', [toBilling, { text: 'I stay.' }], {
      tools: { toBilling: handOff('billing', { approval: true }) },
    });
    const billing = member('billing', []);
    const run = await open().start(team({ id: 'desk', agents: [triage.machine, billing.machine] }), {
      id: 'r',
      ...prompt('Refund me.'),
    });
    await run.waitForInput();
    await run.answer('r/triage/c/approval', { approve: false });
    expect(await run.done()).toMatchObject({ text: 'I stay.' });
  });

  it('ends with AGENT_LIMIT where two give it to each other for ever', async () => {
    const to = (id: string): Line => ({ calls: [['give', { reason: 'Yours.' }, id]] });
    const a = member(
      'a',
      Array.from({ length: 9 }, () => to('c')),
      { tools: { give: handOff('b') } },
    );
    const b = member(
      'b',
      Array.from({ length: 9 }, () => to('c')),
      { tools: { give: handOff('a') } },
    );
    const run = await open().start(
      team({ id: 't', agents: [a.machine, b.machine], maxTurns: 5 }),
      prompt('Go!'),
    );
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_LIMIT' });
    expect(a.calls.length + b.calls.length).toBe(5);
  });

  it('may belong to a thread', async () => {
    const one = () => team({ id: 't', agents: [member('a', [{ text: 'Yes.' }]).machine] });
    const runtime = open();
    await (await runtime.start(one(), { id: 'r-1', tags: ['ada'], ...prompt('One?') })).done();
    await (await runtime.start(one(), { id: 'r-2', tags: ['ada'], ...prompt('Two?') })).done();
    const { messages } = await threadOf(runtime, 'ada');
    expect(messages.map(({ content }) => content)).toEqual(['One?', 'Yes.', 'Two?', 'Yes.']);
  });

  it.each([
    [[], 'needs agents'],
    [[member('a', []).machine, member('a', []).machine], "two agents with the id 'a'"],
    [[member('router', []).machine], "id 'router'"],
    [[member('a', [], { chat: true }).machine], 'which is a chat'],
    [[member('a', [], { tools: { x: handOff('b') } }).machine], "hands over to 'b'"],
  ])('is refused where it could not work: %#', (agents, why) => {
    expect(() => team({ id: 't', agents })).toThrow(why);
  });
});

describe('agents as the nodes of a workflow', () => {
  it('work beside each other, and one that waits for a person does not hold the others back', async () => {
    const sights = member('sights', [{ text: 'The mill.' }]);
    const hotel = member('hotel', [{ calls: [['ask', { question: 'Which?' }, 'c']] }, { text: 'The inn.' }], {
      tools: { ask: askHuman() },
    });
    const plan = scriptedModel([{ text: '{"days":2}' }]);
    const planner = agent({ id: 'planner', model: plan.model, output: z.object({ days: z.number() }) });
    const trip = workflow({
      id: 'trip',
      input: z.object({ town: z.string() }),
      nodes: (flow) =>
        flow
          .subflow('hotel', { input: ({ input }) => ({ prompt: input.town }), run: hotel.machine })
          .subflow('sights', { input: ({ input }) => ({ prompt: input.town }), run: sights.machine })
          .subflow('plan', {
            after: ['hotel', 'sights'],
            input: ({ results }) => ({ prompt: `${results.hotel.text} ${results.sights.text}` }),
            run: planner,
          }),
      output: ({ results }) => {
        expectTypeOf(results.plan.object).toEqualTypeOf<{ days: number } | undefined>();
        return results.plan.object?.days;
      },
    });
    const run = await open().start(trip, { id: 'r', input: { town: 'Wells' } });
    await expect.poll(() => sights.calls.length).toBe(1);
    const [question] = await run.waitForInput();
    expect(question?.id).toBe('r/hotel/work/c/work');
    await run.answer('r/hotel/work/c/work', 'The inn.');
    expect(await run.done()).toBe(2);
    expect(promptsOf(plan.calls)[0]).toEqual(['user: The inn. The mill.']);
  });

  it('have all they used in their results', async () => {
    const a = member('a', [{ text: 'One.', tokens: 3 }]);
    const flow = workflow({
      id: 'w',
      nodes: (flow) => flow.subflow('a', { input: () => ({ prompt: 'Go!' }), run: a.machine }),
      output: ({ results }) => results.a.usage.totalTokens,
    });
    const run = await open().start(flow);
    expect(await run.done()).toBe(6);
  });
});

it('infers what a team comes to', () => {
  const { model } = scriptedModel([]);
  const a = agent({ id: 'a', model, output: z.object({ a: z.number() }) });
  const b = agent({ id: 'b', model, output: z.object({ b: z.string() }) });
  const s = sequence({ id: 's', agents: [a, b] });
  const t = team({ id: 't', agents: [a, b] });
  const r = router({ id: 'r', model, agents: [s, a] });
  expectTypeOf<OutputFrom<typeof s>>().toEqualTypeOf<AgentOutput<{ b: string }>>();
  expectTypeOf<OutputFrom<typeof t>>().toEqualTypeOf<AgentOutput<{ a: number } | { b: string }>>();
  expectTypeOf<OutputFrom<typeof r>>().toEqualTypeOf<AgentOutput<{ b: string } | { a: number }>>();
  const read = (run: Run<typeof s>) => {
    expectTypeOf(run.getSnapshot().context.messages[0]?.from).toEqualTypeOf<string | undefined>();
    // @ts-expect-error -- there is no such state
    run.getSnapshot().matches('pondering');
  };
  expectTypeOf(read).toBeFunction();
});
