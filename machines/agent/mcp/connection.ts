/** The connection to an MCP server: made when it is needed, anew when it broke, and closed when nobody needs it. */
import type { CallToolResult, ListToolsResult, MCPClient } from '@ai-sdk/mcp';
import { ModelCallError } from '../model/model-failure.ts';

/** Where a server is: a program that is started, or an address. */
export type McpServer =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
    }
  | {
      readonly url: string;
      /** Such as a key. None of it is stored. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** A tool, as its server lists it. */
export type ListedTool = ListToolsResult['tools'][number];

interface Connected {
  readonly client: MCPClient;
  readonly tools: ReadonlyMap<string, ListedTool>;
}

interface Open {
  readonly connected: Promise<Connected>;
  /** How many calls are under way. */
  users: number;
}

/** How long a connection stays open that nobody uses, in milliseconds. */
const IDLE = 10_000;

/** How long a server may take to say that it is there, in milliseconds. */
const CHECK = 5000;

/** One server, as this process sees it. */
export class Connection {
  readonly #server: McpServer;
  #open: Open | undefined;
  #listed: ReadonlyMap<string, ListedTool> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(server: McpServer) {
    this.#server = server;
  }

  /** What the server told of a tool when it was connected to last. Throws `AGENT_MCP`. */
  async describe(name: string): Promise<ListedTool> {
    const tools = this.#listed ?? (await this.#use(async ({ tools }) => tools));
    const tool = tools.get(name);
    if (tool) return tool;
    // It may be another one by the next time.
    this.#listed = undefined;
    throw new ModelCallError(
      'AGENT_MCP',
      `The MCP server ${placeOf(this.#server)} has no tool '${name}'; it has: ${[...tools.keys()].join(', ') || 'none'}.`,
      false,
    );
  }

  /** Calls a tool. */
  call(name: string, input: unknown, signal: AbortSignal): Promise<CallToolResult> {
    const args = { name, arguments: input as Record<string, unknown>, options: { signal } };
    return this.#use(({ client }) => client.callTool(args));
  }

  async #use<T>(work: (connected: Connected) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    const open = this.#take();
    open.users += 1;
    try {
      return await work(await open.connected);
    } catch (error) {
      // Others may still wait for its answers.
      if (!isAnswer(error)) this.#forget(open);
      throw error;
    } finally {
      open.users -= 1;
      if (open.users === 0) this.#unused(open);
    }
  }

  #unused(open: Open): void {
    if (this.#open === open) this.#idle = setTimeout(() => this.#close(open), IDLE);
    else this.#close(open);
  }

  #close(open: Open): void {
    this.#forget(open);
    void open.connected.then(({ client }) => client.close()).catch(() => {});
  }

  #forget(open: Open): void {
    if (this.#open === open) this.#open = undefined;
  }

  #take(): Open {
    const open = this.#open;
    if (open && open.users > 0) return open;
    this.#open = { users: 0, connected: open ? this.#checked(open) : this.#connected() };
    return this.#open;
  }

  /** A server may have been started anew meanwhile, and a call that it never got could not be told from one that it did. */
  async #checked(open: Open): Promise<Connected> {
    const { client } = await open.connected;
    try {
      return await this.#list(client, AbortSignal.timeout(CHECK));
    } catch {
      void client.close().catch(() => {});
      return this.#connected();
    }
  }

  async #list(client: MCPClient, signal?: AbortSignal): Promise<Connected> {
    const listed = new Map<string, ListedTool>();
    let cursor: string | undefined;
    do {
      const { tools, nextCursor } = await client.listTools({
        ...(cursor !== undefined && { params: { cursor } }),
        ...(signal && { options: { signal } }),
      });
      for (const tool of tools) listed.set(tool.name, tool);
      cursor = nextCursor;
    } while (cursor !== undefined);
    this.#listed = listed;
    return { client, tools: listed };
  }

  async #connected(): Promise<Connected> {
    let client: MCPClient | undefined;
    try {
      client = await connect(this.#server);
      return await this.#list(client);
    } catch (error) {
      void client?.close().catch(() => {});
      const why = error instanceof Error ? error.message : String(error);
      throw new ModelCallError(
        'AGENT_MCP',
        `The MCP server ${placeOf(this.#server)} cannot be reached: ${why}`,
        true,
      );
    }
  }
}

/** Without what may hold a key. */
const placeOf = (server: McpServer): string =>
  `'${'url' in server ? server.url.replace(/[?#].*$/, '') : server.command}'`;

async function connect(server: McpServer): Promise<MCPClient> {
  const { createMCPClient } = await import('@ai-sdk/mcp');
  // What goes wrong beside a call shows at the next one.
  const onUncaughtError = (): void => {};
  if ('url' in server) {
    const { url, headers } = server;
    return createMCPClient({
      transport: { type: 'http', url, ...(headers && { headers: { ...headers } }) },
      onUncaughtError,
    });
  }
  const { StdioMCPTransport } = await import('@ai-sdk/mcp/mcp-stdio');
  const { command, args = [], env, cwd } = server;
  const transport = new StdioMCPTransport({
    command,
    args: [...args],
    ...(env && { env: { ...env } }),
    ...(cwd !== undefined && { cwd }),
  });
  return createMCPClient({ transport, onUncaughtError });
}

/** The server answered, with an error of its own. */
const isAnswer = (error: unknown): boolean => {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === 'number' || (cause !== undefined && isAnswer(cause));
};
