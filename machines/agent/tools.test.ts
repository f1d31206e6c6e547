/** What becomes of tool calls: how they run, fail, come back, and what they give. */
import { modelMessageSchema, tool } from 'ai';
import { fromPromise, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, fromDurable, type DurableArgs, type RuntimeOptions } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { agent, durableTool, resultOf, type AgentOptions, type AgentToolResult } from './index.ts';

const nothing = z.object({});
const one = (tool: string, input: unknown = {}): readonly Line[] => [
  { calls: [[tool, input, 'c1']] },
  { text: 'Done.' },
];

async function ran(
  script: readonly Line[] | Parameters<typeof scriptedModel>[0],
  options: Partial<AgentOptions<undefined>>,
  runtime: Partial<RuntimeOptions> = {},
) {
  const scripted = scriptedModel(script);
  const machine = agent({ id: 'a', model: scripted.model, ...options });
  const run = await createRuntime({ store: memoryStore(), logger: () => {}, ...runtime }).start(machine, {
    id: 'r',
    input: { prompt: 'Go!' },
  });
  const results = (): AgentToolResult[] =>
    run
      .getSnapshot()
      .context.messages.flatMap(({ role, content }) =>
        role === 'tool' ? (content as AgentToolResult[]) : [],
      );
  const done = async () => {
    const output = await run.done();
    for (const message of run.getSnapshot().context.messages) modelMessageSchema.parse(message);
    return output;
  };
  return { ...scripted, run, results, done };
}

describe('a tool', () => {
  it('may be of the AI SDK, a durable function, or actor logic', async () => {
    const seen: unknown[] = [];
    const { done, results } = await ran(
      [
        {
          calls: [
            ['sdk', { n: 1 }, 'c1'],
            ['durable', { n: 2 }, 'c2'],
            ['logic', { n: 3 }, 'c3'],
            ['stream', {}, 'c4'],
          ],
        },
        { text: 'Done.' },
      ],
      {
        tools: {
          sdk: tool({
            inputSchema: z.object({ n: z.number() }),
            execute: async ({ n }, { toolCallId, messages }) => ({ n, toolCallId, told: messages.length }),
          }),
          durable: durableTool({
            inputSchema: z.object({ n: z.number() }),
            run: async ({ input, step, effectId }) => {
              seen.push(effectId);
              return step('double', ({ effectId }) => (seen.push(effectId), input.n * 2));
            },
          }),
          logic: durableTool({
            inputSchema: z.object({ n: z.number() }),
            run: fromDurable(async ({ input }: DurableArgs<number>) => input + 1),
            toInput: ({ n }) => n,
            toResult: (output) => ({ output }),
          }),
          stream: tool({
            inputSchema: nothing,
            async *execute() {
              yield 'half';
              yield 'whole';
            },
          }),
        },
      },
    );
    await done();
    expect(results().map(resultOf)).toEqual([{ n: 1, toolCallId: 'c1', told: 1 }, 4, { output: 4 }, 'whole']);
    expect(seen).toEqual(['r/c2/work:1', 'r/c2/work:1/double']);
  });

  it('has its results in the order of the calls, whichever comes first', async () => {
    const open: (() => void)[] = [];
    const wait = tool({
      inputSchema: z.object({ n: z.number() }),
      execute: ({ n }) => new Promise<number>((resolve) => (open[n] = () => resolve(n))),
    });
    const { done, results, run } = await ran(
      [{ calls: [0, 1, 2].map((n) => ['wait', { n }, `c${n}`] as const) }, { text: 'Done.' }],
      { tools: { wait } },
    );
    await expect.poll(() => open.length).toBe(3);
    for (const n of [1, 0, 2]) {
      const { seq } = run;
      open[n]!();
      await expect.poll(() => run.seq).toBeGreaterThan(seq);
    }
    await done();
    expect(results().map(resultOf)).toEqual([0, 1, 2]);
  });

  it('is tried again, under the same effect id, as its retry says', async () => {
    const seen: string[] = [];
    const flaky = durableTool({
      inputSchema: nothing,
      retry: { limit: 2, backoff: 1 },
      run: async ({ effectId, attempt }) => {
        seen.push(`${effectId} ${attempt}`);
        if (attempt < 3) throw new Error('no luck');
        return 'luck';
      },
    });
    const { done, results } = await ran(one('flaky'), { tools: { flaky } });
    await done();
    expect(seen).toEqual(['r/c1/work:1 1', 'r/c1/work:1 2', 'r/c1/work:1 3']);
    expect(results().map(resultOf)).toEqual(['luck']);
  });

  it.each([
    ['an Error', () => Promise.reject<string>(new Error('broken')), 'broken'],
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is the test
    ['a text', () => Promise.reject<string>('broken'), 'broken'],
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is the test
    ['an object', () => Promise.reject<string>({ code: 7 }), '{"code":7}'],
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is the test
    ['nothing', () => Promise.reject<string>(), 'undefined'],
  ])('that throws %s has the model told of it', async (_, execute, value) => {
    const { done, results } = await ran(one('bad'), {
      tools: { bad: tool({ inputSchema: nothing, execute }) },
    });
    expect(await done()).toMatchObject({ text: 'Done.' });
    expect(results()[0]!.output).toEqual({ type: 'error-text', value });
  });

  it('that never returns is given up, and its signal aborted', async () => {
    const clock = new SimulatedClock();
    let signal: AbortSignal | undefined;
    const never = {
      ...tool({
        inputSchema: nothing,
        execute: (_, { abortSignal }) => {
          signal = abortSignal;
          return new Promise<string>(() => {});
        },
      }),
      timeout: 5000,
    };
    const { done, results } = await ran(one('never'), { tools: { never } }, { clock });
    await expect.poll(() => signal).toBeDefined();
    clock.increment(5000);
    await done();
    expect(signal!.aborted).toBe(true);
    expect(results()[0]!.output).toMatchObject({
      value: expect.stringContaining('longer than 5000 ms') as string,
    });
  });

  it('that gives 50 MB has the model told so, and nothing of it is kept', async () => {
    const huge = tool({ inputSchema: nothing, execute: async () => 'x'.repeat(50 * 1024 * 1024) });
    const { done, results } = await ran(one('huge'), { tools: { huge } });
    await done();
    const { output } = results()[0]!;
    expect(output).toMatchObject({
      type: 'error-text',
      value: expect.stringMatching(/'huge' \(call 'c1'\)/) as string,
    });
    expect(JSON.stringify(results()).length).toBeLessThan(1000);
  });

  it('is called once in a run with the same arguments where it has a cache, in whatever order they are', async () => {
    const seen: object[] = [];
    const look = {
      ...tool({
        inputSchema: z.object({ a: z.number(), b: z.number() }),
        execute: async (input) => (seen.push(input), { found: seen.length }),
      }),
      cache: true,
    };
    const { done, results } = await ran(
      [
        { calls: [['look', { a: 1, b: 2 }, 'c1']] },
        {
          calls: [
            ['look', '{"b":2,"a":1}', 'c2'],
            ['look', { a: 2, b: 2 }, 'c3'],
          ],
        },
        { text: 'Done.' },
      ],
      { tools: { look } },
    );
    await done();
    expect(seen).toHaveLength(2);
    expect(results().map((part) => [part.toolCallId, resultOf(part)])).toEqual([
      ['c1', { found: 1 }],
      ['c2', { found: 1 }],
      ['c3', { found: 2 }],
    ]);
  });

  it('that was cut off and may not run again has the model told so', async () => {
    const begun: number[] = [];
    const pay = durableTool({
      inputSchema: nothing,
      onInterrupt: 'fail',
      run: async () => {
        begun.push(1);
        await new Promise(() => {});
      },
    });
    const scripted = scriptedModel(one('pay'));
    const machine = agent({ id: 'a', model: scripted.model, tools: { pay } });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine] });
    await first.start(machine, { id: 'r', input: { prompt: 'Go!' } });
    await expect.poll(() => begun).toHaveLength(1);
    await first.close({ grace: 0 });
    const run = await createRuntime({ store, machines: [machine] }).open(machine, 'r');
    await run.done();
    expect(begun).toHaveLength(1);
    expect(JSON.stringify(run.getSnapshot().context.messages)).toContain('cut off before it ended');
  });
});

describe('a model', () => {
  it('that calls 200 tools at once has them all called, so many at a time', async () => {
    let now = 0;
    let most = 0;
    const work = tool({
      inputSchema: z.object({ n: z.number() }),
      execute: async ({ n }) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
        return n;
      },
    });
    const numbers = [...Array(200).keys()];
    const { done, results } = await ran(
      [{ calls: numbers.map((n) => ['work', { n }, `c${n}`] as const) }, { text: 'Done.' }],
      { tools: { work }, concurrency: 5 },
    );
    await done();
    expect(most).toBe(5);
    expect(results().map(resultOf)).toEqual(numbers);
  });

  it('that names a tool there is not, or writes what is no JSON, is told so', async () => {
    const add = tool({ inputSchema: z.object({ a: z.number() }), execute: async ({ a }) => a });
    const { done, results } = await ran(
      [
        {
          calls: [
            ['subtract', {}, 'c1'],
            ['add', '{"a":', 'c2'],
            ['add', { a: 'one' }, 'c3'],
            ['add', { a: 1 }, 'c4'],
          ],
        },
        { text: 'Done.' },
      ],
      { tools: { add } },
    );
    expect(await done()).toMatchObject({ text: 'Done.' });
    expect(results().map(({ output }) => output.type)).toEqual([
      'error-text',
      'error-text',
      'error-text',
      'json',
    ]);
    expect(results()[0]!.output).toMatchObject({ value: "There is no tool 'subtract'; there are: add." });
  });

  it('that goes on with calls that do not fit fails', async () => {
    const { run, calls } = await ran((call) => ({ calls: [['none', { call }, 'c1']] }), { maxMisfits: 2 });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_BAD_CALLS' });
    expect(calls).toHaveLength(3);
  });

  it('that makes the same call for ever fails', async () => {
    const add = tool({ inputSchema: nothing, execute: async () => 1 });
    const { run, calls } = await ran(() => ({ calls: [['add', {}]] }), { tools: { add }, maxRepeats: 3 });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_SAME_CALL' });
    expect(calls).toHaveLength(4);
  });

  it('that gives calls no ids, or one id twice, has each told its own result', async () => {
    const same = tool({ inputSchema: z.object({ n: z.number() }), execute: async ({ n }) => n });
    const { done, results, calls } = await ran(
      [
        {
          calls: [
            ['same', { n: 1 }, 'x'],
            ['same', { n: 2 }, 'x'],
            ['same', { n: 3 }, 'model'],
          ],
        },
        { text: 'Done.' },
      ],
      { tools: { same } },
    );
    await done();
    expect(results().map((part) => [part.toolCallId, resultOf(part)])).toEqual([
      ['x', 1],
      ['x-2', 2],
      ['model', 3],
    ]);
    const wanted = calls[1]!.prompt.at(-2)!.content;
    expect(wanted).toMatchObject([{ toolCallId: 'x' }, { toolCallId: 'x-2' }, { toolCallId: 'model' }]);
  });
});

describe('results', () => {
  it('that cannot be stored are told to the model by tool, call and path, and it goes on', async () => {
    class Connection {
      open = true;
    }
    const { done, results } = await ran(
      [
        {
          calls: [
            ['fn', {}, 'c1'],
            ['cycle', {}, 'c2'],
            ['foreign', {}, 'c3'],
            ['logic', {}, 'c4'],
          ],
        },
        { text: 'Done.' },
      ],
      {
        tools: {
          fn: tool({ inputSchema: nothing, execute: async () => ({ rows: [{ read: () => 1 }] }) }),
          cycle: tool({
            inputSchema: nothing,
            execute: async () => {
              const self: { self?: object } = {};
              return (self.self = self);
            },
          }),
          foreign: tool({ inputSchema: nothing, execute: async () => ({ db: new Connection() }) }),
          logic: durableTool({
            inputSchema: nothing,
            run: fromPromise(async () => ({ db: new Connection() })),
          }),
        },
      },
    );
    expect(await done()).toMatchObject({ text: 'Done.' });
    const told = results().map(({ output }) => (output as { value: string }).value);
    expect(told[0]).toContain(
      "The result of the tool 'fn' (call 'c1') cannot be stored at result.rows[0].read",
    );
    expect(told[1]).toContain("The result of the tool 'cycle' (call 'c2') cannot be stored at result.self");
    expect(told[2]).toContain("The result of the tool 'foreign' (call 'c3') cannot be stored at result.db");
    expect(told[3]).toContain("The result of the tool 'logic' (call 'c4') cannot be stored at result.db");
  });

  it('with dates, maps and big integers come back as they were, and the model is told what they say', async () => {
    const given = { at: new Date(0), by: new Map([['a', 1n]]), of: new Set(['x']), none: undefined };
    const { done, results, calls } = await ran(one('rich'), {
      tools: { rich: tool({ inputSchema: nothing, execute: async () => given }) },
    });
    await done();
    expect(resultOf(results()[0]!)).toEqual(given);
    expect(calls[1]!.prompt.at(-1)!.content[0]).toMatchObject({
      output: { type: 'json', value: { at: '1970-01-01T00:00:00.000Z', by: [['a', '1']], of: ['x'] } },
    });
  });
});
