/** The tour, the examples and the README's quick start, each run as a user runs it: in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as savepoint from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { describe, expect, test, type TestContext } from 'vitest';
import { setup } from 'xstate';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');

/** What a script prints. Where its exit code is not 0, it rejects with that. */
async function output(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, CI: 'true', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
  try {
    return (await run(process.execPath, [tsx, ...args], { cwd, env })).stdout;
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string };
    throw new Error(`${args.join(' ')} failed:\n${stdout}`, { cause: error });
  }
}

const lastLine = (text: string): string | undefined => text.trim().split('\n').at(-1)?.trim();

/** The blocks of code in the README that are marked with `language`. */
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^ *\`\`\`${language}\n(.*?)\n *\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );

/** The first one of them. */
function block(language: string): string {
  const [code] = blocks(language);
  if (code === undefined) throw new Error(`The README has no block of ${language}.`);
  return code;
}

/** What the README's blocks of code, but for the first, take as given. */
const given = `
import { createRuntime, createWorker, currentEffect, fromDurable, inputRequest, migrateStore, onInterrupt, sealed, signInput, verifyInput } from 'savepoint';
import { graphileWorker } from 'savepoint/graphile-worker';
import { postgresStore } from 'savepoint/postgres';
import { sqliteStore } from 'savepoint/sqlite';
import { Pool } from 'pg';
import type { LanguageModel } from 'ai';
import type { CustomType, DurableArgs, Runtime, Store } from 'savepoint';
import { fromPromise, setup, type AnyStateMachine } from 'xstate';
import { z } from 'zod';
declare const store: Store;
declare const runtime: Runtime;
declare const pool: Pool;
declare const wizard: AnyStateMachine;
declare const machines: AnyStateMachine[];
declare const refundV1: AnyStateMachine;
declare const refundV2: AnyStateMachine;
declare const toV2: (snapshot: unknown) => unknown;
declare class Money { constructor(cents: number, currency: string); cents: number; currency: string }
declare const pay: (amount: number, key: string, signal: AbortSignal) => Promise<string>;
declare const confirm: (receipt: string) => Promise<void>;
declare const chargeCard: () => Promise<string>;
declare const isRefusal: (error: unknown) => boolean;
declare const key: string;
declare const openai: (model: string) => LanguageModel;
`;

/** A folder that sees our packages and none of our files. */
function emptyFolder({ onTestFinished }: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

// They wait more than they work.
const together = { concurrent: true, timeout: 150_000 };

describe('examples', together, () => {
  test('npm start is killed twice, pays once, and prints no color where there is no terminal', async () => {
    const printed = await output(root, 'examples/start.ts');
    expect(printed.match(/SIGKILL/g)).toHaveLength(2);
    expect(printed).toContain('payments: 1,');
    expect(printed).not.toContain('\u001B');
    expect(lastLine(printed)).toBe('Proved: one run, killed twice, reminded on time and paid exactly once.');
  });

  const numbers = readdirSync(join(root, 'examples')).filter((name) => /^\d/.test(name));
  test.each(numbers)('%s runs by its number and says what it proved', async (name) => {
    const printed = await output(root, 'examples/run.ts', name.slice(0, 2));
    expect(lastLine(printed)).toMatch(/^Proved: .+\.$/);
  });

  test('npm run example lists the examples', async () => {
    const printed = await output(root, 'examples/run.ts');
    expect(numbers.filter((name) => !printed.includes(name))).toEqual([]);
  });
});

describe('README', together, () => {
  test('the quick start prints what the README says', async (context) => {
    const folder = emptyFolder(context);
    writeFileSync(join(folder, 'refund.mts'), block('ts'));
    let printed = '';
    for (const [command, args = ''] of block('console').matchAll(/^\$ npx tsx (.*)$/gm))
      printed += `${command}\n${await output(folder, ...args.split(' '))}`;
    expect(printed.trim()).toBe(block('console'));
  });

  test('every block of code passes the type checker', async (context) => {
    const folder = emptyFolder(context);
    const [quickStart = '', ...others] = blocks('ts');
    writeFileSync(join(folder, 'refund.mts'), quickStart);
    others.forEach((code, index) =>
      writeFileSync(join(folder, `block-${index + 2}.mts`), `${given}\n${code}`),
    );
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        typeRoots: [join(root, 'node_modules/@types')],
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.mts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  });

  test('the quick start adds at most 15 lines to the machine', () => {
    const code = block('ts');
    const machine = code.slice(code.indexOf('const payOut'), code.indexOf('const runtime'));
    const lines = code.replace(machine, '').split('\n');
    expect(lines.filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(15);
  });

  test('every export is there', () => {
    const names = Object.keys(savepoint);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
  });

  test('every member of a runtime and of a run is there', async () => {
    const runtime = savepoint.createRuntime({ store: memoryStore() });
    const run = await runtime.start(setup({}).createMachine({ id: 'plain' }));
    const names = [runtime, run].flatMap((it) => Object.getOwnPropertyNames(Object.getPrototypeOf(it)));
    expect(names).toContain('recover');
    const isThere = (name: string): boolean =>
      readme.includes(`\`${name}\``) || readme.includes(`\`${name}(`);
    expect(names.filter((name) => name !== 'constructor' && !isThere(name))).toEqual([]);
    await runtime.close();
  });

  test('every error is in the table, with its code', () => {
    const errors = Object.keys(savepoint).filter((name) => /.Error$/.test(name) && name !== 'SavepointError');
    expect(errors.filter((name) => !new RegExp(`\\| \`${name}\` \\| \`[A-Z_]+\` \\|`).test(readme))).toEqual(
      [],
    );
  });

  test('every file that it links to is there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow();
  });
});
