/**
 * Checks the package as a stranger gets it: packs `dist/`, lints the tarball, weighs the core entry, and
 * uses the tarball in an empty folder whose node_modules holds nothing but what package.json asks for.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkCoreEntry } from './core-entry.ts';

const root = join(import.meta.dirname, '..');
const tool = (name: string): string => join(root, 'node_modules/.bin', name);

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[command.replace(/.*\//, ''), ...args].join(' ')} failed:\n${stdout}${stderr}`, {
      cause: error,
    });
  }
}

/** Packs without building: `npm test` has built already, and `npm pack` by itself builds. */
function pack(folder: string): string {
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  return join(folder, `${name}-${version}.tgz`);
}

/** Unpacks the tarball into an empty project, and links what the package asks for, and nothing more. */
function install(tarball: string, project: string): string {
  const installed = join(project, 'node_modules/savepoint');
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], project);
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    peerDependencies: Record<string, string>;
  };
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  return installed;
}

/** Type-checks the consumer against the shipped types and runs it on every store. */
function use(project: string): void {
  cpSync(join(root, 'scripts/consumer/main.ts'), join(project, 'main.ts'));
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        target: 'ES2022',
        module: 'NodeNext',
        lib: ['ES2022', 'DOM'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        outDir: 'out',
      },
      files: ['main.ts'],
    }),
  );
  run(tool('tsc'), ['-p', '.'], project);

  const program = join(project, 'out/main.js');
  const damaged = join(project, 'damaged.db');
  writeFileSync(damaged, 'This is no database, but long enough to be taken for one. '.repeat(40));
  const stories = [['memory'], ['start', 'runs.db'], ['open', 'runs.db'], ['damaged', damaged], ['testing']];
  for (const args of stories) run(process.execPath, [program, ...args], project);
}

const folder = mkdtempSync(join(tmpdir(), 'savepoint-package-'));
try {
  const tarball = pack(folder);
  run(tool('publint'), ['run', tarball, '--strict'], root);
  console.log('publint: no fault');
  run(tool('attw'), [tarball, '--profile', 'esm-only'], root);
  console.log('attw: types resolve for every entry');

  const project = join(folder, 'consumer');
  const installed = install(tarball, project);
  const faults = checkCoreEntry(join(installed, 'dist'));
  if (faults.length > 0) throw new Error(faults.join('\n'));

  use(project);
  console.log(
    'Tarball: every entry imports; a run goes over memory, and over SQLite and two processes; the suite runs',
  );
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
