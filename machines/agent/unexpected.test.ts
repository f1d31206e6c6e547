/** What models, people and programs do that an agent did not expect. */
import { createActor, toPromise } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import {
  agent,
  askHuman,
  durableTool,
  team,
  type AgentInput,
  type AgentMessage,
  type AgentOptions,
} from './index.ts';

async function started(
  script: readonly Line[],
  options: Partial<AgentOptions<undefined>> = {},
  input: AgentInput = { prompt: 'Go!' },
) {
  const { model, calls } = scriptedModel(script);
  const machine = agent({ id: 'a', model, ...options });
  const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: () => {} });
  return { calls, runtime, run: await runtime.start(machine, { id: 'r', input }) };
}

/** A tool that notes what it was called with. */
function noting(options: { readonly cache?: boolean; readonly approval?: boolean } = {}) {
  const noted: number[] = [];
  const note = durableTool({
    inputSchema: z.object({ at: z.number() }),
    run: async ({ input: { at } }) => {
      noted.push(at);
      return `noted ${at}`;
    },
    ...options,
  });
  return { note, noted };
}

describe('a model', () => {
  // The two were one actor, and the agent failed.
  it.each([
    [['call-2', 'no good!']],
    [['no good!', 'call-1']],
    [['functions.note:0', 'call-1', 'call-1-', 'functions.note:1']],
  ])('may give its calls the ids that others get: %j', async (ids) => {
    const { note, noted } = noting();
    const { run } = await started(
      [{ calls: ids.map((id, at) => ['note', { at }, id] as const) }, { text: 'Done.' }],
      { tools: { note } },
    );
    expect((await run.done()).text).toBe('Done.');
    expect(new Set(noted)).toEqual(new Set(ids.keys()));
    const results = run
      .getSnapshot()
      .context.messages.flatMap(({ role, content }) =>
        role === 'tool'
          ? content.flatMap((part) => (part.type === 'tool-result' ? part.toolCallId : []))
          : [],
      );
    expect(results).toEqual(ids);
  });
});

describe('a tool whose results are kept', () => {
  const twice: Line = {
    calls: [
      ['note', { at: 1 }, 'c1'],
      ['note', { at: 1 }, 'c2'],
      ['note', { at: 2 }, 'c3'],
    ],
  };
  const resultsOf = (messages: readonly AgentMessage[]): unknown[] =>
    messages.flatMap(({ role, content }) =>
      role === 'tool'
        ? content.flatMap((part) => (part.type === 'tool-result' ? [[part.toolCallId, part.output]] : []))
        : [],
    );

  it('is called once, also where one answer has the same call twice', async () => {
    const { note, noted } = noting({ cache: true });
    const { run } = await started([twice, { text: 'Done.' }], { tools: { note } });
    await run.done();
    expect(noted).toEqual([1, 2]);
    expect(resultsOf(run.getSnapshot().context.messages)).toEqual([
      ['c1', { type: 'text', value: 'noted 1' }],
      ['c2', { type: 'text', value: 'noted 1' }],
      ['c3', { type: 'text', value: 'noted 2' }],
    ]);
  });

  it('is called for the second where the first was denied, or got other arguments', async () => {
    for (const answer of [{ approve: false }, { approve: true, input: { at: 7 } }]) {
      const { note, noted } = noting({ cache: true, approval: true });
      const { run } = await started([twice, { text: 'Done.' }], { tools: { note }, concurrency: 1 });
      await expect
        .poll(() => run.pendingInputs.map(({ id }) => id))
        .toEqual(['r/c1/approval', 'r/c3/approval']);
      expect(run.getSnapshot().value).toBe('waitingForInput');
      await run.answer('r/c1/approval', answer);
      await expect
        .poll(() => run.pendingInputs.map(({ id }) => id))
        .toEqual(['r/c3/approval', 'r/c2/approval']);
      await run.answer('r/c2/approval', { approve: true });
      await run.answer('r/c3/approval', { approve: true });
      await run.done();
      expect(noted).toEqual(answer.approve ? [7, 1, 2] : [1, 2]);
    }
  });

  it('asks nobody about the second where the first is approved', async () => {
    const { note, noted } = noting({ cache: true, approval: true });
    const { run } = await started([twice, { text: 'Done.' }], { tools: { note } });
    await expect.poll(() => run.pendingInputs).toHaveLength(2);
    await run.answer('r/c3/approval', { approve: false });
    await run.answer('r/c1/approval', { approve: true });
    await run.done();
    expect(noted).toEqual([1]);
  });
});

describe('a tool that may take for ever', () => {
  it.each([Infinity, 2 ** 40])('is not cut off at once without a runtime: %d ms', async (timeout) => {
    const { model } = scriptedModel([{ calls: [['wait', {}, 'c1']] }, { text: 'Done.' }]);
    const wait = durableTool({
      inputSchema: z.object({}),
      timeout,
      run: () => new Promise<string>((resolve) => setTimeout(resolve, 30, 'waited')),
    });
    const actor = createActor(agent({ id: 'a', model, tools: { wait } }), { input: { prompt: 'Go!' } });
    actor.start();
    await toPromise(actor);
    expect(actor.getSnapshot().context.messages.at(2)?.content).toMatchObject([
      { output: { type: 'text', value: 'waited' } },
    ]);
  });
});

describe('a question of the model', () => {
  // It waited for ever.
  it('is over when the time of its tool is', async () => {
    const { run } = await started(
      [{ calls: [['ask', { question: 'Well?' }]] }, { text: 'Nobody is there.' }],
      {
        tools: { ask: { ...askHuman(), timeout: 30, retry: { limit: 3 } } },
      },
    );
    expect((await run.done()).text).toBe('Nobody is there.');
    expect(run.pendingInputs).toEqual([]);
  });
});

describe('a program', () => {
  // It was a TypeError of ours.
  it('may start it with nothing to answer: that is no input, or a chat that waits', async () => {
    const said: readonly AgentInput[] = [
      { messages: [] },
      {
        messages: [
          { role: 'user', content: 'Go!' },
          { role: 'assistant', content: 'Gone.' },
        ],
      },
    ];
    for (const input of said) {
      const { run } = await started([{ text: 'One.' }], {}, input);
      await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_INPUT' });
      const chat = await started([{ text: 'One.' }], { chat: true }, input);
      expect(chat.run.getSnapshot().value).toBe('done');
    }
    const { model } = scriptedModel([]);
    const agents = [agent({ id: 'one', model })] as const;
    for (const chat of [true, false]) {
      const machine = team({ id: 't', agents, chat });
      const runtime = createRuntime({ store: memoryStore(), logger: () => {} });
      const run = await runtime.start(machine, { input: said[0]! });
      if (chat) expect(run.getSnapshot().value).toBe('done');
      else await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_INPUT' });
    }
  });
});

describe('a person', () => {
  // The second message was taken for the first, and nobody answered it.
  it('may give a message the number that the next one would have', async () => {
    const { run } = await started([{ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' }], { chat: true });
    await run.settled();
    await run.send({ type: 'user.message', content: 'And?', id: 'user-3' });
    await run.settled();
    expect(await run.send({ type: 'user.message', content: 'And then?' })).toMatchObject({ accepted: true });
    await run.settled();
    expect(run.getSnapshot().context.answer?.text).toBe('Three.');
    const ids = run.getSnapshot().context.messages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
  });

  // The chat failed, for ever.
  it.each([[{ text: 'Well?' }], [{ content: { text: 'Well?' } }], [{ content: 'Well?', id: 7 }]])(
    'may send what is no message: %j is not accepted',
    async (said) => {
      const { model } = scriptedModel([{ text: 'One.' }, { text: 'One.' }]);
      const one = agent({ id: 'one', model, chat: true });
      const many = team({ id: 'many', agents: [agent({ id: 'two', model })], chat: true });
      for (const machine of [one, many]) {
        const runtime = createRuntime({ store: memoryStore(), logger: () => {} });
        const run = await runtime.start(machine, { input: { prompt: 'Go!' } });
        await run.settled();
        const event = { type: 'user.message', ...said } as never;
        expect(await run.send(event)).toMatchObject({ accepted: false });
        expect(run.getSnapshot().value).toBe('done');
      }
    },
  );
});

describe('somebody who stops it', () => {
  const script: readonly Line[] = [{ text: 'One.' }, { fails: () => new Error('down') }, { text: 'Three.' }];
  const retry = { limit: 3, backoff: 60_000 };

  it('before it has said anything gets no answer, and not the last one again', async () => {
    const { run } = await started(script, { chat: true, retry });
    await run.settled();
    await run.send({ type: 'user.message', content: 'And?' });
    await expect.poll(() => run.getSnapshot().context.retry).toBeDefined();
    await run.send({ type: 'stop' });
    expect(run.getSnapshot().context.answer).toEqual({ id: '', text: '', finishReason: 'stopped' });
  });

  // The conversation had a message twice, under one id.
  it('in a team has it say nothing that it has said before', async () => {
    const { model, calls } = scriptedModel(script);
    const machine = team({ id: 't', chat: true, agents: [agent({ id: 'one', model, retry })] });
    const runtime = createRuntime({ store: memoryStore(), logger: () => {} });
    const run = await runtime.start(machine, { input: { prompt: 'Go!' } });
    await run.settled();
    await run.send({ type: 'user.message', content: 'And?' });
    await expect.poll(() => calls).toHaveLength(2);
    await run.settled();
    await run.send({ type: 'stop' });
    await run.settled();
    expect(run.getSnapshot().context.messages.map(({ content }) => content)).toEqual(['Go!', 'One.', 'And?']);
  });
});
