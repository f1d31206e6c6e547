/** The process of one contender, so that none has to do with another's heap; started by flows.ts. */
import type { Said } from '../contender-process.ts';
import { loadSubject, type From } from '../subject.ts';
import {
  BARE,
  type FlowContender,
  type Measured,
  type Name,
  NORMAL,
  PEERS,
  type Question,
} from './contender.ts';
import { langGraph } from './langgraph.ts';
import { mastra } from './mastra.ts';
import { bare, durable } from './ours.ts';
import { installPeers } from '../peers/peers.ts';

const [name, from] = process.argv.slice(2) as [Name, From];
const tell = (answer: Said | Measured): void => void process.send!(answer);
const failed = (error: unknown): void => tell({ failed: String(error) });

function load(): Promise<FlowContender> {
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

async function measure(
  { prepare }: FlowContender,
  { kind, size, times, repeats }: Question,
): Promise<number> {
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
  return (fastest / times / size) * 1000;
}

process.on('disconnect', () => process.exit());
try {
  const contender = await load();
  process.on('message', (question: Question) => {
    measure(contender, question).then((micros) => tell({ micros }), failed);
  });
  tell({ ready: contender.versions });
} catch (error) {
  failed(error);
}
