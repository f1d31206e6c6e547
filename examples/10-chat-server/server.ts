/** The server: the page, and the chat behind it. It may be killed at any instant; the next one goes on. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime } from 'savepoint';
import { chatHandler } from 'savepoint/machines/agent';
import { sqliteStore } from 'savepoint/sqlite';
import { servePage } from '../browser/serve.ts';
import { webHandler } from '../browser/web-handler.ts';
import { report } from '../stage/report.ts';
import { assistant } from './assistant.ts';

const [folder = '', port = '0'] = process.argv.slice(2);
// Ends with who has started it.
process.on('disconnect', () => process.exit());

const shop = assistant({
  print: async (key, posters, title) => {
    await appendFile(join(folder, 'orders.txt'), `${key}\n`);
    report({ topic: 'prints', text: `prints ${posters} posters, “${title}”` });
    return `order of ${posters} posters taken`;
  },
  onCall: (key) => report({ topic: 'asks', text: `asks the model for the message ${key}` }),
});
// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({
  store: sqliteStore(join(folder, 'chats.db')),
  machines: [shop],
  limits: { lease: 3_000 },
});
const chat = webHandler(chatHandler({ runtime, agent: shop }));
const { url } = await servePage(join(import.meta.dirname, 'page'), {
  port: Number(port),
  receive: { '/api/chat': chat, '/api/chat/': chat },
});
report({ topic: 'opens', text: 'is open', url });
// What a killed server was in the middle of goes on, also where nobody looks.
await runtime.recover();
