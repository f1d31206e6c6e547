// A store in a process of its own: reads calls as lines of JSON, and answers each with a line. The call
// 'reopen' names the file, 'sit' begins a transaction in it and leaves it open.
import Database from 'better-sqlite3';
import { createInterface } from 'node:readline';
import { sqliteStore } from './index.ts';

let store;
process.stdout.write('ready\n');

const call = async ([method, ...args]) => {
  if (method === 'sit') return void new Database(args[0]).exec('BEGIN IMMEDIATE');
  if (method !== 'reopen') return store[method](...args);
  await store?.close();
  const [path] = args;
  store = path === '' ? undefined : sqliteStore(path);
  return undefined;
};

for await (const line of createInterface(process.stdin)) {
  let answer;
  try {
    answer = { value: await call(JSON.parse(line)) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
