/** The process of one contender; started by agents.ts. */
import { serveContender } from '../contender-child.ts';
import { installPeers } from '../peers/peers.ts';
import { loadSubject } from '../subject.ts';
import {
  type AgentContender,
  BARE,
  LOOPS,
  type Measured,
  NORMAL,
  PEERS,
  type Question,
  TOOLS,
} from './contender.ts';
import { langGraph } from './langgraph.ts';
import { mastra } from './mastra.ts';
import { bare, durable } from './ours.ts';

async function measure({ prepare }: AgentContender, { agents }: Question, name: string): Promise<Measured> {
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

await serveContender(
  {
    [BARE]: async (from) => bare(await loadSubject(from)),
    [NORMAL]: async (from) => durable(await loadSubject(from)),
    [PEERS[0]]: () => langGraph(installPeers()),
    [PEERS[1]]: () => mastra(installPeers()),
  },
  measure,
);
