/** Installs the systems that others are measured beside, in a folder of their own: never among our dependencies. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const manifest = fileURLToPath(new URL('packages.json', import.meta.url));
const folder = fileURLToPath(new URL('../../../.cache/bench-peers/', import.meta.url));
const installed = join(folder, 'package.json');

export interface Peers {
  /** The module of a package, or of a subpath of one. */
  readonly load: (name: string) => Promise<unknown>;
  /** `@langchain/langgraph 1.7.3`, as it is installed. */
  readonly versionOf: (name: string) => string;
}

/** Installs them where they are not there yet, in the versions of `packages.json`. Throws where that fails. */
export function installPeers(): Peers {
  mkdirSync(folder, { recursive: true });
  const isThere = existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(manifest, 'utf8');
  if (!isThere || !existsSync(join(folder, 'package-lock.json'))) {
    copyFileSync(manifest, installed);
    console.error('Installing the systems to measure beside …');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const require = createRequire(installed);
  return {
    load: (name) => import(pathToFileURL(require.resolve(name)).href) as Promise<unknown>,
    versionOf(name) {
      const path = join(folder, 'node_modules', name, 'package.json');
      return `${name} ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
    },
  };
}
