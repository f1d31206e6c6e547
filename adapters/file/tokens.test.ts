import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { thisHolder } from '../node/holder.ts';
import { nodeDisk } from './disk.ts';
import { openFolder } from './folder.ts';
import { Tokens } from './tokens.ts';

let folder: string;
let tokens: Tokens;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  mkdirSync(join(folder, 'store'));
  tokens = new Tokens(nodeDisk, openFolder(nodeDisk, join(folder, 'store')));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A new token for the file of the run `r`. */
function token(change: (name: string) => string = (name) => name): string {
  const path = change(tokens.name('r'));
  writeFileSync(path, '');
  return path;
}

/** Whether somebody is waited for. */
async function isWaiting(): Promise<boolean> {
  const over = tokens.waitForOthers('r').then(() => false);
  return Promise.race([over, sleep(200).then(() => true)]);
}

test('one who is at work is waited for, until it is done', async () => {
  const path = token();
  const waited = tokens.waitForOthers('r');
  expect(await isWaiting()).toBe(true);
  rmSync(path);
  await waited;
});

test('nobody waits for those who write other files', async () => {
  writeFileSync(tokens.name('r2'), '');
  writeFileSync(tokens.name('s'), '');
  expect(await isWaiting()).toBe(false);
});

test('one who does nothing more is not waited for', async () => {
  utimesSync(token(), new Date(), new Date(Date.now() - 10_000));
  expect(await isWaiting()).toBe(false);
});

test.runIf(thisHolder().proc !== undefined)('a process that is gone is not waited for', async () => {
  token((name) => name.replace(`~${process.pid}.`, `~${2 ** 22 + 1}.`));
  expect(await isWaiting()).toBe(false);
});

test('the tokens of others are removed, and those for other files are not', () => {
  const [own, other] = [token(), token()];
  const another = tokens.name('r2');
  writeFileSync(another, '');
  tokens.removeOthers('r', own);
  expect([own, other, another].map((path) => existsSync(path))).toEqual([true, false, true]);
});
