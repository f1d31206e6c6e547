/**
 * Writes down what workers say that they do, a line each, and acknowledges it after that. It alone has the
 * file, and it outlives them all.
 */
import { openSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const file = openSync(process.argv[2]!, 'a');
/** The worker that is heard, and the ones behind it. */
const workers: Socket[] = [];

// A worker is heard when the one before it is silent for good: what a killed one said at last comes first.
const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
  let begun = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop()!;
    for (const line of lines) writeSync(file, `${line}\n`);
    socket.write('.'.repeat(lines.length));
  });
  // It was killed.
  socket.on('error', () => {});
  socket.on('close', () => {
    workers.splice(workers.indexOf(socket), 1);
    workers[0]?.resume();
  });
  workers.push(socket);
  workers[0]!.resume();
});

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
