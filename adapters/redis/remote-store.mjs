// A store in a process of its own: reads calls as lines of JSON, and answers each with a line. The call
// 'open' names the address of the server and the prefix.
import { createInterface } from 'node:readline';
import { createClient } from 'redis';
import { redisStore } from './index.ts';

let store;
process.stdout.write('ready\n');

const call = async ([method, ...args]) => {
  if (method !== 'open') return store[method](...args);
  await store?.close();
  const [url, prefix] = args;
  store = redisStore(createClient({ url }), { prefix });
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
