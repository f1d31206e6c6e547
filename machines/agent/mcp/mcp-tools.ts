/** The tools of an MCP server. */
import { jsonSchema } from 'ai';
import type { DurableTool } from '../tools/tool.ts';
import { Connection, type McpServer } from './connection.ts';
import { toolResult } from './tool-result.ts';

/**
 * Tools of an MCP server, by their names; it needs `@ai-sdk/mcp`. Nothing is connected until a model is to be told of them,
 * in each process anew. A connection that broke is made again, and one that was not used for 10 seconds is closed. Only the
 * tools that are named are there: what a server adds later, no model gets.
 *
 * @example
 * const files = mcpTools({ command: 'npx', args: ['-y', 'files-server', '.'] }, ['read', 'write']);
 * agent({ id: 'clerk', model, tools: files, approvals: { write: true } });
 */
export function mcpTools<const TName extends string>(
  server: McpServer,
  names: readonly TName[],
): Readonly<Record<TName, DurableTool>> {
  const connection = new Connection(server);
  const tools = names.map((name): [TName, DurableTool<unknown>] => [
    name,
    {
      // What it takes, its server knows and checks.
      inputSchema: jsonSchema({ type: 'object' }),
      describe: async () => {
        const { description, inputSchema } = await connection.describe(name);
        return { description, inputSchema: jsonSchema(inputSchema as Parameters<typeof jsonSchema>[0]) };
      },
      run: async ({ input, signal }) => toolResult(await connection.call(name, input, signal)),
    },
  ]);
  return Object.fromEntries(tools) as unknown as Readonly<Record<TName, DurableTool>>;
}
