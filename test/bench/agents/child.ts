/** The process of one contender; started by agents.ts. */
import type { Said } from '../contender-process.ts';
import { installPeers } from '../peers/peers.ts';
import { loadSubject, type From } from '../subject.ts';
import {
  type AgentContender,
  BARE,
  LOOPS,
  type Measured,
  type Name,
  NORMAL,
  PEERS,
  type Question,
  TOOLS,
} from './contender.ts';
import { langGraph } from './langgraph.ts';
import { mastra } from './mastra.ts';
import { bare, durable } from './ours.ts';

const [name, from] = process.argv.slice(2) as [Name, From];
const tell = (answer: Said | Measured): void => void process.send!(answer);
const failed = (error: unknown): void => tell({ failed: String(error) });

function load(): Promise<AgentContender> {
  switch (name) {
    case BARE:
      return loadSubject(from).then(bare);
    case NORMAL:
      return loadSubject(from).then(durable);
    case PEERS[0]:
      return langGraph(installPeers());
    case PEERS[1]:
      return mastra(installPeers());
  }
}

async function measure({ prepare }: AgentContender, { agents }: Question): Promise<Measured> {
  const { run, close } = await prepare();
  // What is made or opened with the first run is not measured.
  await run('first');
  const began = process.cpuUsage();
  const since = performance.now();
  const called = await Promise.all(Array.from({ length: agents }, (_, at) => run(`run-${at}`)));
  const ms = performance.now() - since;
  const { user, system } = process.cpuUsage(began);
  if (called.some((tools) => tools !== LOOPS * TOOLS))
    throw new Error(`An agent of ${name} called ${called[0]} tools.`);
  await close();
  return { ms, cpu: (user + system) / 1000 };
}

process.on('disconnect', () => process.exit());
try {
  const contender = await load();
  process.on('message', (question: Question) => {
    measure(contender, question).then(tell, failed);
  });
  tell({ ready: contender.versions });
} catch (error) {
  failed(error);
}
