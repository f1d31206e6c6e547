/**
 * Lets Node's own server serve a function of `Request` to `Response`.
 *
 * @module
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Makes a listener of `handle`. A response whose body breaks breaks its connection, so that the client knows. */
export function webHandler(
  handle: (request: Request) => Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    const { method = 'GET', headers, url = '/' } = incoming;
    const body = method === 'GET' || method === 'HEAD' ? undefined : Buffer.concat(await incoming.toArray());
    const request = new Request(new URL(url, `http://${headers.host ?? 'localhost'}`), {
      method,
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
      ...(body && { body }),
    });
    const response = await handle(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    const reader = response.body?.getReader();
    // Who has gone away has heard enough.
    outgoing.on('close', () => void reader?.cancel().catch(() => {}));
    try {
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
        if (!outgoing.write(piece.value))
          await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')]);
      outgoing.end();
    } catch {
      outgoing.destroy();
    }
  };
}
