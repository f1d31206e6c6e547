// A store in a process of its own: reads calls as lines of JSON, and answers each with a line.
import { createInterface } from 'node:readline';
import { sqliteStore } from './index.ts';

const store = sqliteStore(process.argv[2]);

for await (const line of createInterface(process.stdin)) {
  const [method, ...args] = JSON.parse(line);
  let answer;
  try {
    answer = { value: store[method](...args) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
