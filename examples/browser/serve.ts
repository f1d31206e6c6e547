/**
 * A page, bundled by Vite and served from this machine to itself.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { build } from 'vite';

/** A page that is served. */
export interface ServedPage {
  /** Its address. It is an origin of its own: what the page stores belongs to it. */
  readonly url: string;
  close(): void;
}

/** How a page is served. */
export interface ServeOptions {
  /** Default: any that is free. */
  readonly port?: number;
  /** What takes the requests to a path, or to all that begins with it where it ends with `/`. */
  readonly receive?: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>
  >;
}

const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

/** Bundles the `index.html` in `folder` with all that it imports, and serves that. */
export async function servePage(
  folder: string,
  { port = 0, receive = {} }: ServeOptions = {},
): Promise<ServedPage> {
  const files = await bundle(folder);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, receiver] =
      Object.entries(receive).find(
        ([path]) => path === pathname || (path.endsWith('/') && path !== '/' && pathname.startsWith(path)),
      ) ?? [];
    if (receiver !== undefined) {
      receiver(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
      return;
    }
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const file = files.get(name);
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    response
      .writeHead(file === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` })
      .end(file);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const taken = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bundle(root: string): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    resolve: { tsconfigPaths: true },
    build: { write: false, target: 'es2022', modulePreload: { polyfill: false } },
  });
  if (!('output' in built)) throw new Error('Vite was to build one bundle.');
  return new Map(
    built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source] as const),
  );
}
