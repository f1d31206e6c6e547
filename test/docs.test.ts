/** The page on workflows, run as its reader runs it: all of its snippets in one file, from top to bottom. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as machines from 'savepoint/machines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/workflows.md'), 'utf8');

/** The blocks of code, in order. */
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({
  language,
  code,
}));
const END = '--- the end of a snippet';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-docs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const snippets = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);
  writeFileSync(join(folder, 'page.mts'), snippets.join(`\nconsole.log('${END}');\n`));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the page on workflows', { timeout: 150_000 }, () => {
  test('passes the type checker', async () => {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
      include: ['*.mts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  });

  test('prints what it says', async () => {
    const env = { ...process.env, NO_COLOR: '1', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const { stdout } = await run(process.execPath, [tsx, 'page.mts'], { cwd: folder, env });
    const said = blocks.flatMap(({ language }, at) => {
      const next = blocks[at + 1];
      return language === 'ts' ? [next?.language === 'console' ? next.code : ''] : [];
    });
    expect(said.length).toBeGreaterThan(15);
    expect(stdout.split(`${END}\n`)).toEqual(said);
  });

  test('has every export', () => {
    expect(
      Object.keys(machines).filter((name) => !page.includes(`${name}(`) && !page.includes(`\`${name}\``)),
    ).toEqual([]);
  });

  test('has every code of an error', () => {
    const codes = readFileSync(join(root, 'machines/workflow/errors.ts'), 'utf8').matchAll(
      /'(WORKFLOW_\w+)'/g,
    );
    expect([...codes].map(([, code = '']) => code).filter((code) => !page.includes(`\`${code}\``))).toEqual(
      [],
    );
  });

  test('links to what is there', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    for (const link of links) expect(() => readFileSync(join(root, 'docs', link))).not.toThrow();
  });
});
