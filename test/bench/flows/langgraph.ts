/** The flows as graphs of LangGraph.js, with its checkpointer for SQLite. */
import Database from 'better-sqlite3';
import { newFile } from '../new-file.ts';
import type { FlowContender, Kind } from './contender.ts';
import type { Peers } from '../peers/peers.ts';

// Written down as far as it is called: the package is not among our dependencies.
interface StateGraph {
  addNode(id: string, run: () => Promise<object>): void;
  addEdge(from: string | readonly string[], to: string): void;
  compile(options: object): { invoke(input: object, options: object): Promise<{ readonly done: number }> };
}
interface LangGraph {
  readonly StateGraph: new (state: unknown) => StateGraph;
  readonly Annotation: ((channel: object) => unknown) & { Root(channels: object): unknown };
  readonly START: string;
  readonly END: string;
}
interface Checkpointers {
  readonly SqliteSaver: new (db: Database.Database) => object;
}

export async function langGraph(peers: Peers): Promise<FlowContender> {
  const graphs = (await peers.load('@langchain/langgraph')) as LangGraph;
  const { SqliteSaver } = (await peers.load('@langchain/langgraph-checkpoint-sqlite')) as Checkpointers;
  return {
    versions: ['@langchain/langgraph', '@langchain/langgraph-checkpoint-sqlite'].map(peers.versionOf),
    async prepare(kind, size) {
      const db = new Database(newFile());
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      const app = graphOf(graphs, kind, size).compile({ checkpointer: new SqliteSaver(db) });
      let runs = 0;
      return {
        async run() {
          const { done } = await app.invoke(
            { done: 0 },
            { configurable: { thread_id: `run-${runs++}` }, recursionLimit: size + 10, durability: 'sync' },
          );
          return done;
        },
        close: async () => void db.close(),
      };
    },
  };
}

function graphOf({ StateGraph, Annotation, START, END }: LangGraph, kind: Kind, size: number): StateGraph {
  const add = (one: number, other: number): number => one + other;
  const graph = new StateGraph(Annotation.Root({ done: Annotation({ reducer: add, default: () => 0 }) }));
  const ids = Array.from({ length: size }, (_, at) => `n${at}`);
  for (const id of ids) graph.addNode(id, async () => ({ done: 1 }));
  const [first = '', ...others] = ids;
  const last = ids.at(-1)!;
  graph.addEdge(START, first);
  if (kind === 'chain') for (const [at, id] of others.entries()) graph.addEdge(ids[at]!, id);
  else {
    const middle = ids.slice(1, -1);
    for (const id of middle) graph.addEdge(first, id);
    graph.addEdge(middle, last);
  }
  graph.addEdge(last, END);
  return graph;
}
