/** A Node that has `node:sqlite`: the one that runs the tests, or the one whose path is in NODE_WITH_SQLITE. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a program says there, and how it ended. Its imports begin at the root of the repository. */
export function runOn(
  node: string,
  program: string,
  ...args: readonly string[]
): { readonly said: string; readonly code: number | null } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = ['--no-warnings', '--import', 'tsx', '--input-type=module', '--eval'];
  const { stdout, stderr, status } = spawnSync(node, [...options, program, ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  return { said: stdout + stderr, code: status };
}

const probe = `
  import { loadNodeSqlite } from './adapters/sqlite/node-sqlite.ts';
  loadNodeSqlite();`;

/** Its path; `undefined` where there is none. Says so once. */
export const nodeWithSqlite: string | undefined = [
  process.execPath,
  process.env['NODE_WITH_SQLITE'] ?? '',
].find((path) => path !== '' && runOn(path, probe).code === 0);

if (nodeWithSqlite === undefined)
  console.warn(
    `This is Node ${process.versions.node}: what needs node:sqlite is skipped. Put the path of a Node 24.16 or newer into NODE_WITH_SQLITE.`,
  );
