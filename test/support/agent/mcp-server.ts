/** A real MCP server in a process of its own: over stdio, or over HTTP at a port. It notes each call in a ledger. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { z } from 'zod';

const [ledger = '', port] = process.argv.slice(2);
const note = (line: string): void => appendFileSync(ledger, `${line}\n`);

function makeServer(): McpServer {
  const server = new McpServer({ name: 'sums', version: '1' });
  const text = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  server.registerTool(
    'add',
    { description: 'Adds two numbers.', inputSchema: { a: z.number(), b: z.number() } },
    ({ a, b }) => {
      note(`add ${a} ${b} ${process.pid}`);
      return text(`${a + b}`);
    },
  );
  server.registerTool('fail', { description: 'Fails.' }, () => ({ ...text('no luck'), isError: true }));
  server.registerTool('data', { outputSchema: { n: z.number() } }, () => ({
    ...text('{"n":7}'),
    structuredContent: { n: 7 },
  }));
  server.registerTool('picture', {}, () => ({
    content: [{ type: 'image', mimeType: 'image/png', data: Buffer.from([1, 2, 250]).toString('base64') }],
  }));
  server.registerTool('die', {}, () => {
    note('die');
    process.exit(1);
  });
  return server;
}

async function serveHttp(at: number): Promise<void> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const http = createServer((request, response) => {
    const id = request.headers['mcp-session-id'] as string | undefined;
    note(`http ${request.headers.authorization ?? ''}`);
    void (async () => {
      let transport = id === undefined ? undefined : sessions.get(id);
      if (!transport && id !== undefined) {
        response.writeHead(404).end('no such session');
        return;
      }
      if (!transport) {
        const made = new StreamableHTTPServerTransport({
          sessionIdGenerator: () => randomUUID(),
          onsessioninitialized: (session) => void sessions.set(session, made),
        });
        transport = made;
        await makeServer().connect(made);
      }
      await transport.handleRequest(request, response);
    })();
  });
  await new Promise<void>((resolve) => http.listen(at, '127.0.0.1', resolve));
  note('listening');
}

if (port === undefined) {
  note(`started ${process.pid}`);
  await makeServer().connect(new StdioServerTransport());
} else await serveHttp(Number(port));
