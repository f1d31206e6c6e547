/** How people take part: they approve, change, deny and answer, speak in, and stop. */
import { modelMessageSchema } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, type DurableArgs, type Run } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import {
  agent,
  agentTool,
  askHuman,
  durableTool,
  resultOf,
  type AgentContext,
  type AgentMachine,
  type AgentOptions,
  type AgentToolResult,
  type ToolOptions,
} from './index.ts';

/** A tool that tells what it was called with. */
function sending(
  options: Pick<ToolOptions<{ to: string }>, 'approval'> & {
    readonly run?: (args: DurableArgs<{ to: string }>) => Promise<string>;
  } = { approval: true },
) {
  const sent: string[] = [];
  const send = durableTool({
    description: 'Sends a letter.',
    inputSchema: z.object({ to: z.string() }),
    run: async ({ input }) => {
      sent.push(input.to);
      return `sent to ${input.to}`;
    },
    ...options,
  });
  return { send, sent };
}

const letters = (...to: readonly unknown[]): Line => ({
  calls: to.map((to, number) => ['send', { to }, `c${number + 1}`]),
});

async function started(script: readonly Line[], options: Partial<AgentOptions<undefined>>) {
  const scripted = scriptedModel(script);
  const machine = agent({ id: 'sender', model: scripted.model, ...options });
  const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: () => {} });
  const run = await runtime.start(machine, { id: 'r', input: { prompt: 'Send!' } });
  return { ...scripted, runtime, run };
}

const outputsIn = ({ messages }: AgentContext): unknown[] =>
  messages.flatMap((message) =>
    message.role === 'tool'
      ? message.content.map((part) => (part.type === 'tool-result' ? part.output : undefined))
      : [],
  );

function expectValid(run: Run<AgentMachine>): void {
  for (const message of run.getSnapshot().context.messages) modelMessageSchema.parse(message);
}

describe('a tool that needs approval', () => {
  it('is called when a person approves it, each call by itself, in any order', async () => {
    const { send, sent } = sending();
    const { run, calls } = await started([letters('a', 'b', 'c'), { text: 'Done.' }], { tools: { send } });
    await expect.poll(() => run.pendingInputs).toHaveLength(3);
    expect(run.getSnapshot().value).toBe('waitingForInput');
    expect(run.status).toBe('waitingForInput');
    expect(run.pendingInputs[1]).toMatchObject({
      id: 'r/c2/approval',
      actor: 'c2/approval',
      details: { toolName: 'send', toolCallId: 'c2', input: { to: 'b' } },
    });
    await run.answer('r/c3/approval', { approve: true }, { by: 'ann' });
    await expect.poll(() => sent).toEqual(['c']);
    await run.answer('r/c1/approval', { approve: false, reason: 'He moved.' }, { by: 'bob' });
    expect(calls).toHaveLength(1);
    await run.answer('r/c2/approval', { approve: true, input: { to: 'B' } });
    await run.done();
    expect(sent).toEqual(['c', 'B']);
    expect(outputsIn(run.getSnapshot().context)).toEqual([
      { type: 'execution-denied', reason: 'He moved.' },
      { type: 'text', value: 'sent to B' },
      { type: 'text', value: 'sent to c' },
    ]);
    expect(calls[1]!.prompt.at(-2)!.content[1]).toMatchObject({ input: { to: 'B' } });
    expectValid(run);
  });

  it('is not called with arguments that do not fit, and the question stays', async () => {
    const { send, sent } = sending();
    const { run } = await started([letters('a'), { text: 'Done.' }], { tools: { send } });
    await run.waitForInput();
    await expect(run.answer('r/c1/approval', { approve: true, input: { to: 3 } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    await expect(run.answer('r/c1/approval', { yes: true })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(run.pendingInputs).toHaveLength(1);
    expect(sent).toEqual([]);
  });

  it('is asked about once where the answer is to be remembered', async () => {
    const { send, sent } = sending();
    const { run } = await started([letters('a'), letters('b'), { text: 'Done.' }], { tools: { send } });
    await run.waitForInput();
    await run.answer('r/c1/approval', { approve: true, remember: true });
    await run.done();
    expect(sent).toEqual(['a', 'b']);
  });

  it('is asked about again in the next loop, also by a call with the same id', async () => {
    const { send, sent } = sending();
    const { run } = await started([letters('a'), letters('b'), { text: 'Done.' }], { tools: { send } });
    await run.waitForInput();
    await run.answer('r/c1/approval', { approve: true });
    await run.waitForInput();
    await run.answer('r/c1/approval#2', { approve: false });
    await run.done();
    expect(sent).toEqual(['a']);
  });

  it('is denied when nobody answers in time', async () => {
    const { send, sent } = sending({ approval: { within: 20, assignee: 'ann' } });
    const { run } = await started([letters('a'), { text: 'Done.' }], { tools: { send } });
    await run.waitForInput();
    expect(run.pendingInputs[0]).toMatchObject({ assignee: 'ann' });
    await run.done();
    expect(sent).toEqual([]);
    expect(outputsIn(run.getSnapshot().context)).toMatchObject([
      { type: 'execution-denied', reason: expect.stringContaining('Nobody answered') as string },
    ]);
    expectValid(run);
  });

  it('is asked about where its policy says so, and never called where that fails', async () => {
    const { send, sent } = sending({});
    const { run } = await started([letters('a', 'b', 'c'), { text: 'Done.' }], {
      tools: { send },
      approvals: {
        send: async ({ input }) => {
          const { to } = input as { to: string };
          if (to === 'c') throw new Error('no idea');
          return to === 'b';
        },
      },
    });
    await run.waitForInput();
    await expect.poll(() => sent).toEqual(['a']);
    expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r/c2/approval']);
    await run.answer('r/c2/approval', { approve: false });
    await run.done();
    expect(outputsIn(run.getSnapshot().context)).toEqual([
      { type: 'text', value: 'sent to a' },
      { type: 'execution-denied' },
      { type: 'error-text', value: 'no idea' },
    ]);
  });

  it('is half approved when the process ends: the other half is asked in the next one', async () => {
    const { send, sent } = sending();
    const scripted = scriptedModel([letters('a', 'b'), { text: 'Done.' }]);
    const machine = agent({ id: 'sender', model: scripted.model, tools: { send } });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine] });
    const before = await first.start(machine, { id: 'r', input: { prompt: 'Send!' } });
    await before.waitForInput();
    await before.answer('r/c1/approval', { approve: true });
    await expect.poll(() => sent).toEqual(['a']);
    await before.settled();
    await first.close();
    const second = createRuntime({ store, machines: [machine] });
    await second.answer('r/c2/approval', { approve: false, reason: 'No.' });
    const run = await second.open(machine, 'r');
    expect(await run.done()).toMatchObject({ text: 'Done.' });
    expect(sent).toEqual(['a']);
    expect(scripted.calls).toHaveLength(2);
    expectValid(run);
  });

  it('has an answer for a call that is gone refused, and goes on', async () => {
    const { send } = sending();
    const { run, runtime } = await started([letters('a'), { text: 'Done.' }], {
      tools: { send },
      chat: true,
    });
    await run.waitForInput();
    await run.send({ type: 'stop' });
    await run.settled();
    await expect(runtime.answer('r/c1/approval', { approve: true })).rejects.toMatchObject({
      code: 'INPUT_CLOSED',
    });
    expect(run.getSnapshot().value).toBe('done');
  });
});

describe('askHuman()', () => {
  it('asks, and goes on with the answer', async () => {
    const { run } = await started(
      [{ calls: [['askHuman', { question: 'Which?', choices: ['a', 'b'] }, 'q']] }, { text: 'b, then.' }],
      { tools: { askHuman: askHuman({ assignee: 'ann', schema: z.enum(['a', 'b']) }) } },
    );
    await run.waitForInput();
    expect(run.getSnapshot().value).toBe('waitingForInput');
    expect(run.pendingInputs).toMatchObject([
      { id: 'r/q/work', prompt: 'Which?', choices: ['a', 'b'], assignee: 'ann' },
    ]);
    await run.answer('r/q/work', 'b');
    expect(await run.done()).toMatchObject({ text: 'b, then.' });
    expect(outputsIn(run.getSnapshot().context)).toEqual([{ type: 'text', value: 'b' }]);
  });
});

describe('a person who speaks in', () => {
  it('is heard between loops, once for each id', async () => {
    const person: { speak?: () => Promise<unknown> } = {};
    const wait = durableTool({
      inputSchema: z.object({}),
      run: async () => {
        await person.speak?.();
        return 'waited';
      },
    });
    const { run, calls } = await started([{ calls: [['wait', {}, 'c1']] }, { text: 'Yes.' }], {
      tools: { wait },
    });
    person.speak = async () => {
      await run.send({ type: 'user.message', content: 'Hurry!', id: 'm-1' });
      await run.send({ type: 'user.message', content: 'Hurry!', id: 'm-1' });
    };
    await run.done();
    expect(calls[1]!.prompt.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
    expect(run.getSnapshot().context.messages.map(({ id }) => id)).toEqual([
      'user-1',
      'r/model:1',
      'r/model:1/results',
      'm-1',
      expect.stringMatching(/^r\/model:\d+$/),
    ]);
  });
});

describe('a chat', () => {
  it('takes one message after another, and its run goes on', async () => {
    const { model, calls } = scriptedModel((call) => ({ text: `answer ${call}` }));
    const chat = agent({ id: 'chat', model, chat: true });
    const run = await createRuntime({ store: memoryStore() }).start(chat, { id: 'r' });
    expect(run.getSnapshot().value).toBe('done');
    for (const content of ['one', 'two', 'three']) {
      await run.send({ type: 'user.message', content });
      await expect.poll(() => run.getSnapshot().value).toBe('done');
    }
    expect(run.status).toBe('idle');
    expect(calls).toHaveLength(3);
    expect(run.getSnapshot().context.messages.map(({ id }) => id)).toEqual([
      'user-1',
      expect.stringMatching(/^r\/model:/),
      'user-2',
      expect.stringMatching(/^r\/model:/),
      'user-3',
      expect.stringMatching(/^r\/model:/),
    ]);
  });
});

describe('stop', () => {
  it('ends after the call that is being made, and keeps what it gave', async () => {
    const person: { stop?: () => Promise<unknown> } = {};
    const { send, sent } = sending({
      run: async ({ input }) => {
        sent.push(input.to);
        await person.stop?.();
        return 'sent';
      },
    });
    const { run, calls } = await started([letters('a', 'b', 'c')], { tools: { send }, concurrency: 1 });
    person.stop = () => run.send({ type: 'stop' });
    expect(await run.done()).toMatchObject({ finishReason: 'stopped' });
    expect(sent).toEqual(['a']);
    expect(calls).toHaveLength(1);
    expect(outputsIn(run.getSnapshot().context)).toMatchObject([
      { type: 'text', value: 'sent' },
      { type: 'execution-denied' },
      { type: 'execution-denied' },
    ]);
    expectValid(run);
  });

  it('while the model thinks keeps its answer, and calls nothing', async () => {
    const person: { stop?: () => void } = {};
    const { send, sent } = sending({});
    const scripted = scriptedModel(() => (person.stop?.(), letters('a')));
    const machine = agent({ id: 'a', model: scripted.model, tools: { send } });
    const starting = createRuntime({ store: memoryStore() }).start(machine, { input: { prompt: 'Send!' } });
    person.stop = () => void starting.then((run) => run.send({ type: 'stop' }));
    await (await starting).done();
    expect(sent).toEqual([]);
  });
});

describe('an agent that is a tool of another', () => {
  it('asks its questions in the same run, with the path of its actor, and holds no other call back', async () => {
    const { send, sent } = sending();
    const inner = scriptedModel([letters('x'), { text: 'It is sent.' }]);
    const clerk = agent({ id: 'clerk', model: inner.model, tools: { send } });
    const quick = durableTool({ inputSchema: z.object({}), run: async () => void sent.push('quick') });
    const { run } = await started(
      [
        {
          calls: [
            ['clerk', { prompt: 'Write to x.' }, 'c1'],
            ['quick', {}, 'c2'],
          ],
        },
        { text: 'All is done.' },
      ],
      { tools: { clerk: agentTool(clerk, { description: 'Writes.' }), quick } },
    );
    await run.waitForInput();
    await expect.poll(() => sent).toEqual(['quick']);
    expect(run.pendingInputs).toMatchObject([{ id: 'r/c1/work/c1/approval', actor: 'c1/work/c1/approval' }]);
    expect(run.status).toBe('waitingForInput');
    expect(run.getSnapshot().value).toBe('waitingForInput');
    await run.answer('r/c1/work/c1/approval', { approve: true });
    expect(await run.done()).toMatchObject({ text: 'All is done.' });
    expect(sent).toEqual(['quick', 'x']);
    const results = run
      .getSnapshot()
      .context.messages.flatMap(({ role, content }) =>
        role === 'tool' ? content.map((part) => resultOf(part as AgentToolResult)) : [],
      );
    expect(results[0]).toBe('It is sent.');
  });

  it('is told to stop with the agent that called it, also while it waits for a person', async () => {
    const { send, sent } = sending();
    const inner = scriptedModel([letters('x')]);
    const clerk = agent({ id: 'clerk', model: inner.model, tools: { send } });
    const { run } = await started([{ calls: [['clerk', { prompt: 'Write to x.' }, 'c1']] }], {
      tools: { clerk: agentTool(clerk, { description: 'Writes.' }) },
    });
    await run.waitForInput();
    await run.send({ type: 'stop' });
    expect(await run.done()).toMatchObject({ finishReason: 'stopped' });
    expect(sent).toEqual([]);
    expectValid(run);
  });
});
