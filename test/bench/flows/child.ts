/** The process of one contender, so that none has to do with another's heap; started by flows.ts. */
import { serveContender } from '../contender-child.ts';
import { loadSubject } from '../subject.ts';
import { BARE, type FlowContender, type Measured, NORMAL, PEERS, type Question } from './contender.ts';
import { langGraph } from './langgraph.ts';
import { mastra } from './mastra.ts';
import { bare, durable } from './ours.ts';
import { installPeers } from '../peers/peers.ts';

async function measure(
  { prepare }: FlowContender,
  { kind, size, times, repeats }: Question,
  name: string,
): Promise<Measured> {
  const { run, close } = await prepare(kind, size);
  // What is made or opened with the first run is not measured.
  await run();
  let fastest = Infinity;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const since = performance.now();
    for (let time = 0; time < times; time++)
      if ((await run()) !== size) throw new Error(`A ${kind} of ${name} did not come to its end.`);
    fastest = Math.min(fastest, performance.now() - since);
  }
  await close();
  return { micros: (fastest / times / size) * 1000 };
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
