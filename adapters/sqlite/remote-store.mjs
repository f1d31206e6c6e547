// A store in a process of its own: reads calls as lines of JSON, and answers each with a line.
import { createInterface } from 'node:readline';
import { sqliteStore } from './index.ts';

let store = sqliteStore(process.argv[2]);
process.stdout.write('ready\n');

const call = async ([method, ...args]) => {
  if (method !== 'reopen') return store[method](...args);
  await store.close();
  store = sqliteStore(args[0]);
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
