/** Tools of MCP servers: real ones, in processes that are killed and started again between the calls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { temporaryFolder } from '../../test/support/agent/temporary-folder.ts';
import { agent, mcpTools, resultOf, type AgentContext, type AgentOptions, type McpServer } from './index.ts';

const file = join(import.meta.dirname, '../../test/support/agent/mcp-server.ts');
const program = (...args: readonly string[]) => ['--import', 'tsx', file, ...args];

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

/** A ledger of what servers were called with. */
function ledger() {
  const folder = temporaryFolder();
  undo.push(folder.remove);
  const path = join(folder.path, 'ledger');
  const lines = (): readonly string[] =>
    existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  return { path, lines, pids: () => lines().flatMap((line) => /^started (\d+)/.exec(line)?.[1] ?? []) };
}

/** Over stdio; those that still run are ended after the test. */
function stdio() {
  const { path, ...rest } = ledger();
  undo.push(() => rest.pids().forEach((pid) => kill(Number(pid))));
  const server: McpServer = { command: process.execPath, args: program(path) };
  return { server, ...rest };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Over HTTP, always at the same port. */
async function http() {
  const { path, lines } = ledger();
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    const before = lines().filter((line) => line === 'listening').length;
    child = spawn(process.execPath, program(path, String(port)), { stdio: 'inherit' });
    await expect.poll(() => lines().filter((line) => line === 'listening').length).toBe(before + 1);
  };
  const stop = async () => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  undo.push(stop);
  await start();
  return { url: `http://127.0.0.1:${port}/mcp`, lines, start, stop };
}

const adding = (a: number, b: number): Line => ({ calls: [['add', { a, b }, `c${a}`]] });

function place(script: readonly Line[], options: Partial<AgentOptions<undefined>>) {
  const scripted = scriptedModel(script);
  const machine = agent({ id: 'a', model: scripted.model, retry: { limit: 2, backoff: 1 }, ...options });
  const store = memoryStore();
  const open = () => createRuntime({ store, machines: [machine], logger: () => {} });
  const start = () => open().start(machine, { id: 'r', input: { prompt: 'Go!' } });
  return { ...scripted, machine, open, start };
}

const resultsIn = ({ messages }: AgentContext): unknown[] =>
  messages.flatMap((message) =>
    message.role === 'tool' ? message.content.map((part) => resultOf(part as never)) : [],
  );

describe('tools of an MCP server over stdio', { timeout: 120_000 }, () => {
  it('are told to the model as the server tells of them, and start no server before', async () => {
    const { server, pids } = stdio();
    const tools = mcpTools(server, ['add', 'data']);
    expect(Object.keys(tools)).toEqual(['add', 'data']);
    const { calls, start } = place([adding(1, 2), { text: 'Three.' }], { tools });
    expect(pids()).toEqual([]);
    const run = await start();
    await run.done();
    expect(resultsIn(run.getSnapshot().context)).toEqual(['3']);
    expect(calls[0]!.tools).toMatchObject([
      { name: 'add', description: 'Adds two numbers.', inputSchema: { required: ['a', 'b'] } },
      { name: 'data' },
    ]);
    expect(pids()).toHaveLength(1);
  });

  it('go on with a new server where the old one was killed between two calls', async () => {
    const { server, pids } = stdio();
    const { start } = place([adding(1, 2), adding(3, 4), { text: 'Done.' }], {
      tools: mcpTools(server, ['add']),
      approvals: { add: ({ input }) => (input as { a: number }).a === 3 },
    });
    const run = await start();
    await run.waitForInput();
    kill(Number(pids()[0]));
    await run.answer('r/c3/approval', { approve: true });
    await run.done();
    expect(resultsIn(run.getSnapshot().context)).toEqual(['3', '7']);
    expect(pids()).toHaveLength(2);
  });

  it('go on in another process, without a call that is finished', async () => {
    const { server, lines } = stdio();
    const options = () => ({ tools: mcpTools(server, ['add'] as const), approvals: { add: true } });
    const first = place([adding(1, 2), adding(3, 4), { text: 'Done.' }], options());
    const before = await first.start();
    await before.waitForInput();
    await before.answer('r/c1/approval', { approve: true });
    await expect.poll(() => before.pendingInputs[0]?.id).toBe('r/c3/approval');
    await before.release();
    const run = await first.open().open(first.machine, 'r', { wait: 5000 });
    await run.answer('r/c3/approval', { approve: true });
    await run.done();
    expect(
      lines()
        .filter((line) => line.startsWith('add'))
        .map((line) => line.slice(0, 7)),
    ).toEqual(['add 1 2', 'add 3 4']);
  });

  it('give data as data, pictures with their bytes, and failures to the model', async () => {
    const { server } = stdio();
    const calls = ['data', 'picture', 'fail', 'die'].map((name) => [name, {}, name] as const);
    const { start } = place([{ calls }, adding(1, 1), { text: 'Done.' }], {
      tools: mcpTools(server, ['data', 'picture', 'fail', 'die', 'add']),
      concurrency: 1,
    });
    const run = await start();
    await run.done();
    expect(resultsIn(run.getSnapshot().context)).toEqual([
      { n: 7 },
      [{ type: 'image', mediaType: 'image/png', data: new Uint8Array([1, 2, 250]) }],
      'no luck',
      expect.stringContaining('closed'),
      '2',
    ]);
  });

  it('fail the agent with AGENT_MCP where there is no such server, or no such tool', async () => {
    const none = place([], { tools: mcpTools({ command: '/no/such/program' }, ['add']) });
    const run = await none.start();
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_MCP' });
    const { server } = stdio();
    const other = await place([], { tools: mcpTools(server, ['subtract']) }).start();
    await expect(other.done()).rejects.toThrow("has no tool 'subtract'; it has: add, fail");
  });
});

describe('tools of an MCP server over HTTP', { timeout: 120_000 }, () => {
  it('go on with a server that was killed and started again between two calls', async () => {
    const { url, lines, start: startServer, stop } = await http();
    const { start } = place([adding(1, 2), adding(3, 4), { text: 'Done.' }], {
      tools: mcpTools({ url, headers: { authorization: 'Bearer k-1' } }, ['add']),
      approvals: { add: ({ input }) => (input as { a: number }).a === 3 },
    });
    const run = await start();
    await run.waitForInput();
    await stop();
    await startServer();
    await run.answer('r/c3/approval', { approve: true });
    await run.done();
    expect(resultsIn(run.getSnapshot().context)).toEqual(['3', '7']);
    expect(lines().filter((line) => line.startsWith('add'))).toHaveLength(2);
    expect(
      lines()
        .filter((line) => line.startsWith('http'))
        .every((line) => line === 'http Bearer k-1'),
    ).toBe(true);
  });

  it('are tried again by the policy of the tool while the server is away', async () => {
    const { url, start: startServer, stop } = await http();
    const { add } = mcpTools({ url }, ['add']);
    const { start } = place([adding(1, 2), adding(3, 4), { text: 'Done.' }], {
      tools: { add: { ...add, retry: { limit: 100, backoff: 50, factor: 1 } } },
      approvals: { add: ({ input }) => (input as { a: number }).a === 3 },
    });
    const run = await start();
    await run.waitForInput();
    await stop();
    await run.answer('r/c3/approval', { approve: true });
    await startServer();
    await run.done();
    expect(resultsIn(run.getSnapshot().context)).toEqual(['3', '7']);
  });
});
