// A store in a process of its own: reads calls as lines of JSON, and answers each with a line. The call
// 'open' names the schema and the port of the server, 'shift' sets the clock of this process.
import { createInterface } from 'node:readline';
import pg from 'pg';
import { postgresStore } from './index.ts';

let store;
process.stdout.write('ready\n');

const call = async ([method, ...args]) => {
  if (method === 'open') {
    const [schema, port] = args;
    store = postgresStore(new pg.Pool({ host: '127.0.0.1', port, user: 'postgres' }), { schema });
    return undefined;
  }
  if (method === 'shift') {
    const [ms] = args;
    const { now } = Date;
    Date.now = () => now() + ms;
    return undefined;
  }
  return store[method](...args);
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
