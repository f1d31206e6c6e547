/** W5 with DBOS on the same server: 20 steps each of 1,000 workflows at once. Installed in a folder of its own. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const NAME = '@dbos-inc/dbos-sdk';
const VERSION = '5.3.0';
const folder = fileURLToPath(new URL(`../../.cache/peers/dbos-${VERSION}`, import.meta.url));

let installed: Promise<boolean> | undefined;

/** Steps a second, warm; undefined where the package cannot be installed, which is said once. */
export async function measureDbos(url: string): Promise<number | undefined> {
  installed ??= install();
  if (!(await installed)) return undefined;
  const child = fork(fileURLToPath(new URL('dbos-child.ts', import.meta.url)), [folder, url], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    silent: true,
  });
  const said: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => said.push(String(text)));
  const [rate] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`DBOS ended with ${code}: ${said.join('')}`)),
    ),
  ])) as [number];
  child.kill();
  return rate;
}

async function install(): Promise<boolean> {
  try {
    if (!existsSync(join(folder, 'node_modules', NAME))) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
      await promisify(execFile)('npm', ['install', '--save-exact', `${NAME}@${VERSION}`], { cwd: folder });
    }
    console.log(`Beside ${NAME} ${VERSION}`);
    return true;
  } catch (error) {
    console.log(`${NAME} ${VERSION}: skipped, as it cannot be installed. ${String(error)}`);
    return false;
  }
}
