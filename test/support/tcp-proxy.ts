/** A proxy that cuts connections when a test wants it to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * When a connection is cut: `before` what is sent reaches the server; `after` the server has carried it out,
 * before its answer is back; or while it is on its way, and it arrives `late`.
 */
export type Cut = 'before' | 'after' | 'late';

/** How late, in milliseconds. */
const delay = 15;

/** Starts a proxy for a port of this machine. */
export async function startProxy(target: number): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.start();
  return proxy;
}

export class TcpProxy {
  /** How many connections were cut. */
  cuts = 0;
  readonly #server: Server = createServer((client) => this.#pass(client));
  readonly #sockets = new Set<Socket>();
  #armed: { readonly cut: Cut; readonly marks: string } | undefined;

  constructor(readonly target: number) {}

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Cuts the next connection that sends something with `marks` in it, once. */
  cutNext(cut: Cut, marks: string): void {
    this.#armed = { cut, marks };
  }

  /** Cuts all connections, and from now on lets none through, until `open()`. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    let isCut = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (data) => {
      const armed = this.#armed;
      if (armed !== undefined && data.includes(armed.marks)) {
        this.#armed = undefined;
        this.cuts++;
        isCut = true;
        if (armed.cut === 'before') return end();
        if (armed.cut === 'late') {
          // Cut on this side alone: the server still believes that its client is there.
          client.removeAllListeners('close');
          client.destroy();
          setTimeout(() => server.write(data), delay);
          return undefined;
        }
      }
      server.write(data);
      return undefined;
    });
    server.on('data', (data) => {
      if (isCut) end();
      else client.write(data);
    });
  }
}
