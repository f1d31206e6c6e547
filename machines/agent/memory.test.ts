/** What an agent keeps: notes, the thread that its run belongs to, and a summary of a conversation that is too long. */
import { fromStore } from '@xstate/store';
import { tool } from 'ai';
import { createActor, toPromise } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel, type Line, type ModelCall } from '../../test/support/agent/scripted-model.ts';
import { agent, agentTool, durableTool, notebook, onParts, threadOf, type AgentOptions } from './index.ts';

type Script = readonly Line[] | ((call: number, options: ModelCall) => Line);

function place(script: Script, options: Partial<AgentOptions<undefined>>) {
  const scripted = scriptedModel(script);
  const machine = agent({ id: 'clerk', model: scripted.model, ...options });
  const store = memoryStore();
  const open = () => createRuntime({ store, machines: [machine], logger: () => {} });
  return { ...scripted, machine, open };
}

interface Counted {
  readonly notes: Readonly<Record<string, string>>;
  readonly changes: number;
}

const notes = { memory: { notes: fromStore(notebook) } };
const remember = (name: string, text: string): Line => ({ calls: [['remember', { name, text }]] });
const recall = (name: string): Line => ({ calls: [['recall', { name }]] });

const textsOf = ({ prompt }: Pick<ModelCall, 'prompt'>): string[] =>
  prompt.map(({ content }) =>
    typeof content === 'string'
      ? content
      : content
          .map((part) =>
            part.type === 'text'
              ? part.text
              : part.type === 'tool-result' && part.output.type === 'text'
                ? part.output.value
                : part.type,
          )
          .join(),
  );

describe('an agent with a memory', () => {
  it('keeps what its model remembers, also over a restart, and tells it which notes there are', async () => {
    const { machine, open, calls } = place(
      [remember('tea', 'green'), { text: 'Noted.' }, recall('tea'), { text: 'Green.' }],
      { ...notes, chat: true, instructions: 'You are kind.' },
    );
    const first = open();
    await (await first.start(machine, { id: 'r', input: { prompt: 'I like green tea.' } })).settled();
    await first.close();
    const run = await open().open(machine, 'r');
    await run.send({ type: 'user.message', content: 'Which tea?' });
    await run.settled();
    expect(run.getSnapshot().context.answer?.text).toBe('Green.');
    expect(run.getSnapshot().context.notes).toEqual({ tea: 'green' });
    expect(calls.map((call) => textsOf(call)[0])).toEqual([
      'You are kind.',
      ...Array(3).fill('You are kind.\n\nYou keep notes: tea.'),
    ]);
    expect(textsOf(calls[3]!).at(-1)).toBe('green');
  });

  it('keeps it without a runtime as well', async () => {
    const { machine } = place(
      [
        remember('tea', 'green'),
        {
          calls: [
            ['forget', { name: 'milk' }],
            ['recall', { name: 'milk' }],
          ],
        },
        { text: 'Noted.' },
      ],
      notes,
    );
    const actor = createActor(machine, { input: { prompt: 'Hello!', notes: { milk: 'none' } } }).start();
    await toPromise(actor);
    expect(actor.getSnapshot().context.notes).toEqual({ tea: 'green' });
  });

  it('tells its model which notes there are where it asks for one that is not there, or gives no text', async () => {
    const { machine, open, calls } = place(
      [
        remember('tea', 'green'),
        recall('constructor'),
        { calls: [['remember', { name: 'x', text: 3 }]] },
        { text: 'Well.' },
      ],
      notes,
    );
    const run = await open().start(machine, { input: { prompt: 'Go!' } });
    await run.done();
    expect(textsOf(calls[2]!).at(-1)).toBe("There is no note 'constructor'; there are: tea.");
    expect(JSON.stringify(calls[3]!.prompt.at(-1))).toContain("'text' is a text");
    expect(run.getSnapshot().context.notes).toEqual({ tea: 'green' });
  });

  it('has it for itself alone where it is the tool of another', async () => {
    const inner = scriptedModel([remember('a', 'inner'), { text: 'Kept.' }]);
    const helper = agent({ id: 'helper', model: inner.model, ...notes });
    const { machine, open } = place(
      [
        {
          calls: [
            ['help', { prompt: 'Keep!' }],
            ['remember', { name: 'a', text: 'outer' }],
          ],
        },
        { text: 'Done.' },
      ],
      { ...notes, tools: { help: agentTool(helper, { description: 'Helps.' }) } },
    );
    const run = await open().start(machine, { input: { prompt: 'Go!' } });
    await run.done();
    expect(run.getSnapshot().context.notes).toEqual({ a: 'outer' });
  });

  it('is refused where a tool has the name of one of its memory', () => {
    const { model } = scriptedModel([]);
    const recall = durableTool({ inputSchema: z.object({}), run: async () => 1 });
    expect(() => agent({ id: 'a', model, tools: { recall }, ...notes })).toThrow("has a tool 'recall'");
  });

  it('may be a store of its own kind', async () => {
    const counted = fromStore({
      context: (notes: Readonly<Record<string, string>>) => ({ notes, changes: 0 }),
      on: {
        remember: ({ notes, changes }: Counted, { name, text }: { name: string; text: string }) => ({
          notes: { ...notes, [name]: text.toUpperCase() },
          changes: changes + 1,
        }),
        forget: (context: Counted) => context,
        cleared: () => ({ notes: {}, changes: 0 }),
      },
    });
    const { machine, open } = place([remember('tea', 'green'), { text: 'Noted.' }], {
      memory: { notes: counted },
    });
    const run = await open().start(machine, { input: { prompt: 'Go!' } });
    await run.done();
    expect(run.getSnapshot().context.notes).toEqual({ tea: 'GREEN' });
  });
});

describe('a thread', () => {
  it('goes on in the next run with what the runs before it said and kept', async () => {
    const { machine, open, calls } = place(
      [remember('tea', 'green'), { text: 'Noted.' }, { text: 'Green.' }, { text: 'Bye.' }],
      notes,
    );
    const runtime = open();
    await (
      await runtime.start(machine, { id: 'r-1', tags: ['ada'], input: { prompt: 'I like green tea.' } })
    ).done();
    for (const [id, content] of [
      ['r-2', 'Which tea?'],
      ['r-3', 'Thanks.'],
    ] as const) {
      const { messages, notes } = await threadOf(runtime, 'ada');
      const input = { notes, messages: [...messages, { role: 'user' as const, content }] };
      await (await runtime.start(machine, { id, tags: ['ada'], input })).done();
    }
    expect(textsOf(calls[3]!)).toEqual([
      'You keep notes: tea.',
      'I like green tea.',
      'tool-call',
      "Kept 'tea'.",
      'Noted.',
      'Which tea?',
      'Green.',
      'Thanks.',
    ]);
    const { messages } = await threadOf(runtime, 'ada');
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
    expect(messages).toHaveLength(8);
  });

  // It was back in the next run.
  it('has no note that one of its runs forgot', async () => {
    const { machine, open } = place(
      [
        remember('tea', 'green'),
        remember('milk', 'none'),
        { text: 'Noted.' },
        { calls: [['forget', { name: 'tea' }]] },
        { text: 'Forgotten.' },
      ],
      notes,
    );
    const runtime = open();
    for (const content of ['I like green tea, without milk.', 'Forget about the tea.']) {
      const thread = await threadOf(runtime, 'ada');
      const input = {
        notes: thread.notes,
        messages: [...thread.messages, { role: 'user' as const, content }],
      };
      await (await runtime.start(machine, { tags: ['ada'], input })).done();
    }
    expect((await threadOf(runtime, 'ada')).notes).toEqual({ milk: 'none' });
  });

  it('has what runs said that knew nothing of each other, and no call without its result', async () => {
    const send = durableTool({ inputSchema: z.object({}), approval: true, run: async () => 'sent' });
    const { machine, open } = place(
      (_, { prompt }) =>
        textsOf({ prompt })[0] === 'Send!' ? { calls: [['send', {}, 'c']] } : { text: 'Hello.' },
      { tools: { send } },
    );
    const runtime = open();
    await (await runtime.start(machine, { id: 'r-1', tags: ['ada'], input: { prompt: 'Hi!' } })).done();
    await (await runtime.start(machine, { id: 'r-2', tags: ['ada'], input: { prompt: 'Hi!' } })).done();
    const waiting = await runtime.start(machine, { id: 'r-3', tags: ['ada'], input: { prompt: 'Send!' } });
    await waiting.waitForInput();
    const { messages } = await threadOf(runtime, 'ada');
    expect(messages.map(({ id }) => id)).toEqual([
      'user-1',
      'r-1/model:1',
      'r-2/user-1',
      'r-2/model:1',
      'r-3/user-1',
    ]);
  });

  it('does not take what a person says for something that is known', async () => {
    const { machine, open, calls } = place(() => ({ text: 'Yes.' }), { chat: true });
    const messages = ['a', 'b', 'c'].map((content, at) => ({
      role: at === 1 ? ('assistant' as const) : ('user' as const),
      content,
    }));
    const run = await open().start(machine, { input: { messages } });
    await run.settled();
    expect((await run.send({ type: 'user.message', content: 'd' })).accepted).toBe(true);
    await run.settled();
    expect(textsOf(calls[1]!)).toEqual(['a', 'b', 'c', 'Yes.', 'd']);
  });
});

describe('a conversation past its budget', () => {
  const look = tool({
    inputSchema: z.object({ n: z.number() }),
    execute: async ({ n }) => 'x'.repeat(400) + n,
  });
  const isSummary = (call: ModelCall) => textsOf(call)[0]?.startsWith('Below is the beginning') === true;
  /** Looks six times, and tells what it is asked for. */
  const script = (isBroken = () => false) => {
    let loops = 0;
    let summaries = 0;
    return (_: number, options: ModelCall): Line => {
      if (isSummary(options)) {
        if (isBroken()) return { text: 'Half a summ', breaks: true };
        return { text: `Summary ${++summaries}.`, tokens: 7 };
      }
      const size = textsOf(options).join('').length;
      if (++loops > 6) return { text: 'Done.', tokens: size };
      return { calls: [['look', { n: loops }, `c${loops}`]], tokens: size };
    };
  };

  it('is summarised by a model call like any other, and stays whole in the transcript', async () => {
    const { machine, open, calls } = place(script(), { tools: { look }, memory: { tokens: 1200 } });
    const run = await open().start(machine, { id: 'r', input: { prompt: 'Look six times!' } });
    const heard: string[] = [];
    onParts(run.actor, ({ part }) => part.type === 'text-delta' && heard.push(part.text));
    const { usage } = await run.done();
    expect(heard.join('')).toBe('Done.');
    const { messages } = run.getSnapshot().context;
    expect(messages).toHaveLength(14);
    expect(calls.filter(isSummary).length).toBeGreaterThan(1);
    const asked = calls.filter((call) => !isSummary(call));
    expect(asked).toHaveLength(7);
    for (const call of asked) {
      expect(textsOf(call).join('').length).toBeLessThan(3000);
      expect(call.prompt.filter(({ role }) => role === 'tool').length).toBe(
        call.prompt.filter(({ role }) => role === 'assistant').length,
      );
    }
    expect(textsOf(asked.at(-1)!)[0]).toMatch(/^What was said before, in short:\nSummary \d\.$/);
    // Each summary is told what the one before it says.
    expect(textsOf(calls.findLast(isSummary)!)[1]).toContain('Summary 1.');
    const counted = calls.map((call) => (isSummary(call) ? 7 : textsOf(call).join('').length));
    expect(usage.totalTokens).toBe(2 * counted.reduce((sum, tokens) => sum + tokens, 0));
  });

  it('is summarised anew where that call breaks, under the same id', async () => {
    let breaks = 2;
    const { machine, open, calls } = place(
      script(() => breaks-- > 0),
      {
        tools: { look },
        memory: { tokens: 1200 },
        retry: { limit: 3, backoff: 1 },
      },
    );
    const run = await open().start(machine, { id: 'r', input: { prompt: 'Look six times!' } });
    expect(await run.done()).toMatchObject({ text: 'Done.' });
    const keys = calls.filter(isSummary).map(({ headers }) => headers?.['idempotency-key']);
    expect(keys.slice(0, 3)).toEqual(Array(3).fill(keys[0]));
    expect(new Set(keys).size).toBe(keys.length - 2);
  });

  it('is not summarised again for a last message that alone is too long', async () => {
    const { machine, open, calls } = place(() => ({ text: 'Long.', tokens: 5000 }), {
      chat: true,
      memory: { tokens: 10 },
    });
    const run = await open().start(machine, { input: { prompt: 'x'.repeat(4000) } });
    await run.settled();
    expect(calls).toHaveLength(1);
    await run.send({ type: 'user.message', content: 'y'.repeat(4000) });
    await run.settled();
    expect(calls.map(isSummary)).toEqual([false, true, false]);
  });
});
