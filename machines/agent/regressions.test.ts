/** Mistakes of an earlier design, and of others: none of them is made here. Real processes are killed, calls are counted. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelMessageSchema, tool } from 'ai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { sqliteStore } from '../../adapters/sqlite/index.ts';
import { createRuntime, type CustomType } from '../../src/index.ts';
import { bundle, unbundle } from '../../test/proof/bundle.ts';
import { WorkerProcess } from '../../test/proof/worker-process.ts';
import { bytesOf, type AgentOrder, type AgentReply } from '../../test/support/agent/agent-process.ts';
import { modelServer, type LoggedCall, type Reply } from '../../test/support/agent/model-server.ts';
import { scriptedModel } from '../../test/support/agent/scripted-model.ts';
import { temporaryFolder } from '../../test/support/agent/temporary-folder.ts';
import { agent, resultOf, type AgentMessage, type AgentToolResult } from './index.ts';

let program: string;
beforeAll(async () => {
  program = await bundle(new URL('../../test/support/agent/agent-process.ts', import.meta.url));
});
afterAll(() => unbundle(program));

const LOOPS = 5;

/** Two calls in each loop, then an answer: what it says depends on what it was told alone. */
function script({ body }: LoggedCall): Reply {
  const loop = body.messages.filter(({ role }) => role === 'assistant').length + 1;
  if (loop > LOOPS) return { text: `Painted in ${LOOPS} loops.` };
  const call = (part: string, n: number) => ({ id: `${loop}${part}`, name: 'paint', arguments: { n } });
  return { text: `Loop ${loop}.`, calls: [call('a', loop), call('b', loop * 10)] };
}

const started = (order: AgentOrder) => {
  const process = new WorkerProcess<AgentOrder, AgentReply>(program);
  const reply = new Promise<AgentReply>((resolve) => (process.onAnswer = resolve));
  void process.loaded.then(() => process.tell(order));
  return { process, reply };
};

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];

/** A run from its beginning to its end; `kill`: the process is killed in this loop, while the model thinks. */
async function conversation(kill?: number) {
  const { path, remove } = temporaryFolder();
  let killed = kill === undefined;
  let kills!: () => void;
  const dying = new Promise<void>((resolve) => (kills = resolve));
  const server = await modelServer((call, number) => {
    if (killed || number !== kill) return script(call);
    killed = true;
    kills();
    return { ...script(call), cut: false, silent: true };
  });
  const order = { url: server.url, path: join(path, 'runs.db'), ledger: join(path, 'ledger') };
  const first = started(order);
  let { reply } = first;
  let last = first.process;
  if (kill !== undefined) {
    await dying;
    await first.process.kill();
    ({ reply, process: last } = started(order));
  }
  const answer = await reply;
  await last.kill();
  await server.close();
  const ledger = linesOf(order.ledger);
  remove();
  return { answer, calls: server.calls, ledger };
}

it(
  'an agent resumes at the loop after the last completed one: no model call, no tool call and no message twice',
  { timeout: 120_000 },
  async () => {
    const undisturbed = await conversation();
    const { answer, calls, ledger } = await conversation(4);
    expect(answer.messages).toEqual(undisturbed.answer.messages);
    expect(answer.totalTokens).toBe(undisturbed.answer.totalTokens);
    // The one that had no outcome came again, as itself.
    expect(undisturbed.calls).toHaveLength(LOOPS + 1);
    expect(calls).toHaveLength(LOOPS + 2);
    expect(calls[3]!.key).toBe(calls[4]!.key);
    const keys = calls.toSpliced(3, 1).map(({ key }) => key);
    expect(new Set(keys).size).toBe(LOOPS + 1);
    const ids = answer.messages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => keys.includes(id))).toEqual(keys);
    expect(ledger).toHaveLength(LOOPS * 2 * 2);
    expect(new Set(ledger).size).toBe(ledger.length);
  },
);

const resultsIn = (messages: readonly AgentMessage[]): AgentToolResult[] =>
  messages.flatMap(({ role, content }) => (role === 'tool' ? (content as AgentToolResult[]) : []));

it(
  'each file keeps its own content: bytes, name and media type of every file of a tool result, after a crash',
  { timeout: 120_000 },
  async () => {
    const { answer } = await conversation(3);
    const results = resultsIn(answer.messages);
    expect(results).toHaveLength(LOOPS * 2);
    for (const [number, result] of results.entries()) {
      const loop = Math.floor(number / 2) + 1;
      const n = number % 2 === 0 ? loop : loop * 10;
      const files = [
        { name: 'a.png', mediaType: 'image/png', data: bytesOf(n, 5_000) },
        { name: 'b.txt', mediaType: 'text/plain', data: bytesOf(n + 1, 30) },
        { name: 'c.png', mediaType: 'image/png', data: bytesOf(n + 2, 5_000) },
      ];
      const { title, files: kept } = resultOf(result) as { title: string; files: typeof files };
      expect(title).toBe(`picture ${n}`);
      expect(kept.map(({ name, mediaType }) => [name, mediaType])).toEqual(
        files.map(({ name, mediaType }) => [name, mediaType]),
      );
      for (const [at, { data }] of kept.entries()) {
        expect(data).toBeInstanceOf(Uint8Array);
        expect(Buffer.compare(data, files[at]!.data)).toBe(0);
      }
      // The model is told of each, but for the bytes.
      expect(result.output).toEqual({
        type: 'json',
        value: {
          title: `picture ${n}`,
          files: files.map(({ name, mediaType, data }) => ({ name, mediaType, bytes: data.length })),
        },
      });
    }
  },
);

class Money {
  constructor(readonly cents: number) {}
}
const money: CustomType<Money, number> = {
  name: 'money',
  is: (value): value is Money => value instanceof Money,
  encode: ({ cents }) => cents,
  decode: (cents) => new Money(cents),
};

it('a tool result that cannot be serialised is never dropped or shortened in silence: it is stored by a codec, or an error that names tool, call and path', async () => {
  const { path, remove } = temporaryFolder();
  let calls = 0;
  const price = tool({
    inputSchema: z.object({}),
    execute: async () => (calls++, { lines: [{ price: new Money(7) }], note: 'x'.repeat(100) }),
  });
  const script = [{ calls: [['price', {}, 'c1']] as const }, { text: 'Done.' }];
  for (const [id, types] of Object.entries({ without: [], with: [money] })) {
    const { model, calls: asked } = scriptedModel(script);
    const machine = agent({ id: 'a', model, tools: { price }, chat: true });
    const store = sqliteStore(join(path, `${id}.db`));
    const first = createRuntime({ store, machines: [machine], types });
    const begun = await first.start(machine, { id, input: { prompt: 'Go!' } });
    await expect.poll(() => begun.getSnapshot().value).toBe('done');
    await first.close();
    const run = await createRuntime({ store, machines: [machine], types }).open(machine, id);
    const [result] = resultsIn(run.getSnapshot().context.messages);
    expect(asked).toHaveLength(2);
    if (id === 'with') {
      expect(resultOf(result!)).toEqual({ lines: [{ price: new Money(7) }], note: 'x'.repeat(100) });
      expect((resultOf(result!) as { lines: { price: unknown }[] }).lines[0]!.price).toBeInstanceOf(Money);
    } else {
      expect(result!.output).toMatchObject({
        type: 'error-text',
        value: expect.stringContaining(
          "The result of the tool 'price' (call 'c1') cannot be stored at result.lines[0].price",
        ) as string,
      });
    }
    for (const message of run.getSnapshot().context.messages) modelMessageSchema.parse(message);
    await run.release();
    await store.close?.();
  }
  expect(calls).toBe(2);
  remove();
});
