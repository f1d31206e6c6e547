/** The pages on ready-made machines, run as their readers run them: all snippets of a page in one file, from top to bottom. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as machines from 'savepoint/machines';
import * as agents from 'savepoint/machines/agent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const END = '--- the end of a snippet';

const pages = [
  { name: 'workflows', exports: machines, errors: 'machines/workflow/errors.ts', code: /'(WORKFLOW_\w+)'/g },
  { name: 'agents', exports: agents, errors: 'machines/agent/errors.ts', code: /'(AGENT_\w+)'/g },
];

describe.each(pages)('the page on $name', { timeout: 150_000 }, ({ name, exports, errors, code }) => {
  const page = readFileSync(join(root, `docs/${name}.md`), 'utf8');
  /** The blocks of code, in order. */
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'savepoint-docs-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const snippets = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);
    writeFileSync(join(folder, 'page.mts'), snippets.join(`\nconsole.log('${END}');\n`));
    // A file beside it, whose name is in its first line.
    for (const { language, code } of blocks)
      if (language === 'js') writeFileSync(join(folder, /^\/\/ (\S+)/.exec(code)?.[1] ?? ''), code);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

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
      Object.keys(exports).filter((name) => !page.includes(`${name}(`) && !page.includes(`\`${name}\``)),
    ).toEqual([]);
  });

  test('has every code of an error', () => {
    const codes = readFileSync(join(root, errors), 'utf8').matchAll(code);
    expect([...codes].map(([, code = '']) => code).filter((code) => !page.includes(`\`${code}\``))).toEqual(
      [],
    );
  });

  test('links to what is there', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    for (const link of links) expect(() => readFileSync(join(root, 'docs', link))).not.toThrow();
  });
});
