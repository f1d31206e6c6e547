/** What an agent is when it is let go of, and opened again somewhere else: the same, wherever it was. */
import { APICallError } from 'ai';
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, type RuntimeOptions } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { agent, durableTool, type AgentOptions } from './index.ts';

const limited = () =>
  new APICallError({
    message: 'too many',
    url: 'http://model',
    requestBodyValues: {},
    statusCode: 429,
    responseHeaders: { 'retry-after': '60' },
  });

function place(
  script: readonly Line[] | ((call: number) => Line),
  options: Partial<AgentOptions<undefined>> = {},
  more: Partial<RuntimeOptions> = {},
) {
  const scripted = scriptedModel(script);
  const machine = agent({ id: 'a', model: scripted.model, ...options });
  const store = memoryStore();
  const open = () => createRuntime({ store, machines: [machine], logger: () => {}, ...more });
  const start = (runtime: ReturnType<typeof open>) =>
    runtime.start(machine, { id: 'r', input: { prompt: 'Go!' } });
  const resume = (runtime: ReturnType<typeof open>) => runtime.open(machine, 'r');
  return { ...scripted, machine, open, start, resume };
}

describe('an agent that is opened again', () => {
  it('keeps the time that a provider asked for, and how often it was asked', async () => {
    const clock = new SimulatedClock();
    const { calls, open, start, resume } = place(
      (call) => (call < 3 ? { fails: limited } : { text: 'Well.' }),
      { retry: { limit: 2 } },
      { clock },
    );
    const first = open();
    const before = await start(first);
    await expect.poll(() => before.status).toBe('sleeping');
    clock.increment(30_000);
    await first.close();
    const second = open();
    const run = await resume(second);
    expect(run.getSnapshot().context.retry).toMatchObject({ id: 'r/model:1', tries: 1 });
    clock.increment(29_000);
    await run.flush();
    expect(calls).toHaveLength(1);
    clock.increment(1000);
    await expect.poll(() => calls.length).toBe(2);
    await expect.poll(() => run.status).toBe('sleeping');
    clock.increment(60_000);
    expect(await run.done()).toMatchObject({ text: 'Well.' });
    expect(calls.map(({ headers }) => headers?.['idempotency-key'])).toEqual(Array(3).fill('r/model:1'));
  });

  it('can be stopped while it waits for a provider', async () => {
    const clock = new SimulatedClock();
    const { calls, open, start } = place(() => ({ fails: limited }), {}, { clock });
    const run = await start(open());
    await expect.poll(() => run.status).toBe('sleeping');
    await run.send({ type: 'stop' });
    expect(await run.done()).toMatchObject({ text: '', finishReason: 'stopped' });
    expect(calls).toHaveLength(1);
  });

  it('does not run a tool again that is finished, and runs one that was cut off under the same effect id', async () => {
    const seen: string[] = [];
    let hold = true;
    const work = durableTool({
      inputSchema: z.object({ slow: z.boolean() }),
      run: async ({ input, effectId, step }) => {
        await step('first', ({ effectId }) => void seen.push(effectId));
        seen.push(effectId);
        if (input.slow && hold) await new Promise(() => {});
        return input.slow;
      },
    });
    const { calls, open, start, resume } = place(
      [
        {
          calls: [
            ['work', { slow: false }, 'c1'],
            ['work', { slow: true }, 'c2'],
          ],
        },
        { text: 'Done.' },
      ],
      { tools: { work } },
    );
    const first = open();
    const before = await start(first);
    await expect.poll(() => seen).toHaveLength(4);
    await expect
      .poll(() => before.getSnapshot().context.open.map(({ status }) => status))
      .toEqual(['over', 'running']);
    await first.close({ grace: 0 });
    hold = false;
    const run = await resume(open());
    expect(await run.done()).toMatchObject({ text: 'Done.' });
    expect(calls).toHaveLength(2);
    expect(seen.toSorted()).toEqual(
      ['r/c1/work:1', 'r/c1/work:1/first', 'r/c2/work:1', 'r/c2/work:1', 'r/c2/work:1/first'].toSorted(),
    );
  });

  it('counts what it used once', async () => {
    let hold = true;
    const { open, start, resume } = place(
      (call) => (call === 1 ? { calls: [['wait', {}, 'c1']] } : { text: 'Done.' }),
      {
        tools: {
          wait: durableTool({
            inputSchema: z.object({}),
            run: async () => (hold ? new Promise(() => {}) : 'waited'),
          }),
        },
      },
    );
    const first = open();
    const before = await start(first);
    await expect.poll(() => before.getSnapshot().value).toBe('callingTools');
    await first.close({ grace: 0 });
    hold = false;
    expect(await (await resume(open())).done()).toMatchObject({ usage: { totalTokens: 40 } });
  });

  it('has what was said meanwhile, also while it waited for a person', async () => {
    const send = durableTool({ inputSchema: z.object({}), approval: true, run: async () => 'sent' });
    const { calls, open, start } = place([{ calls: [['send', {}, 'c1']] }, { text: 'Done.' }], {
      tools: { send },
    });
    const first = open();
    await (await start(first)).waitForInput();
    await first.close();
    const second = open();
    await second.send('r', { type: 'user.message', content: 'And be quick.' }, { id: 'e-1' });
    await second.send('r', { type: 'user.message', content: 'And be quick.' }, { id: 'e-1' });
    await second.answer('r/c1/approval', { approve: true });
    const run = await second.open('r');
    await run.done();
    expect(calls[1]!.prompt.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
  });

  it('is not opened where a tool that it waits for is gone, and stays as it was', async () => {
    const send = durableTool({ inputSchema: z.object({}), approval: true, run: async () => 'sent' });
    const scripted = scriptedModel((call) =>
      call === 1 ? { calls: [['send', {}, 'c1']] } : { text: 'Done.' },
    );
    const made = (tools: AgentOptions['tools']) =>
      agent({ id: 'a', model: scripted.model, ...(tools && { tools }) });
    const store = memoryStore();
    const first = createRuntime({ store });
    await (await first.start(made({ send }), { id: 'r', input: { prompt: 'Go!' } })).waitForInput();
    await first.close();
    const second = createRuntime({ store, logger: () => {} });
    await expect(second.open(made(undefined), 'r')).rejects.toMatchObject({ code: 'INCOMPATIBLE_MACHINE' });
    expect((await second.get('r')).status).toBe('waitingForInput');
  });
});
