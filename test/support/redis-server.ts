/** A real Redis server for a test, on a port and with a folder of its own. Needs `redis-server` in the path. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = 'redis-server';

/** Settings by the names that they have in redis.conf. */
export type RedisSettings = Readonly<Record<string, string>>;

/** What the promise of the store needs. */
const durable: RedisSettings = { appendonly: 'yes', appendfsync: 'always' };

/** Whether there is no `redis-server` here. Says so once; where everything must be there, it is an error. */
export const redisIsMissing: boolean = spawnSync(program, ['--version']).error !== undefined;
if (redisIsMissing) {
  const what = `There is no ${program} in the path`;
  if (process.env['CI'] === 'true') throw new Error(`${what}. Install it: apt-get install ${program}`);
  console.warn(`${what}: what needs one is skipped. Install it: apt-get install ${program}`);
}

/** Starts a server that does not outlive this process. Resolves when it answers. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const server = new RedisServer({ ...durable, ...settings });
  await server.start();
  return server;
}

export class RedisServer {
  /** Chosen with the first start. */
  port = 0;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'savepoint-redis-'));
  #process: ChildProcess | undefined;
  /** Ends the server and removes the folder when this process is gone, however it ends. */
  readonly #guard: ChildProcess = spawn(
    'sh',
    [
      '-c',
      'while read -r line; do pid=$line; done; [ -z "$pid" ] || kill -9 "$pid"; rm -rf "$0"',
      this.folder,
    ],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );

  constructor(readonly settings: RedisSettings) {
    this.#guard.unref();
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Starts it on what is in its folder. `once`: settings for this time. */
  async start(once: RedisSettings = {}): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const port = this.port || (await freePort());
      const child = this.#spawn(port, once);
      if (await answers(child, port)) {
        this.port = port;
        return;
      }
      // Somebody else was given the port meanwhile.
      if (attempt === 5) throw new Error(`${program} does not start in ${this.folder}.`);
    }
  }

  /** Ends it at once, or stops and continues it. Resolves when it is gone, if it goes. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    // Whoever waits for its end does not end before.
    child.ref();
    await once(child, 'exit');
  }

  /** As after a crash. */
  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    await this.start();
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    this.#guard.stdin!.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(port: number, once: RedisSettings): ChildProcess {
    const settings = {
      port: String(port),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      ...this.settings,
      ...once,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(program, args, { stdio: 'ignore' });
    child.unref();
    this.#guard.stdin!.write(`${child.pid}\n`);
    child.once('exit', () => this.#guard.stdin!.writable && this.#guard.stdin!.write('\n'));
    this.#process = child;
    return child;
  }
}

/** Resolves with whether the server on the port is this one and answers. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    if (
      (await ask(port, 'INFO server')).includes(`process_id:${child.pid}\r`) &&
      (await ask(port, 'PING')) === '+PONG\r\n'
    )
      return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
