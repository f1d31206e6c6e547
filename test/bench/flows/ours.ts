/** The flows as workflows: with `createActor()` alone, and as durable runs. */
import { createActor, toPromise } from 'xstate';
import { newFile } from '../new-file.ts';
import type { Subject } from '../subject.ts';
import type { FlowContender, Kind } from './contender.ts';

/** What is made by code has no types to check it. */
interface Untyped {
  task(id: string, options: object): unknown;
}

function flowOf({ workflow }: Subject, kind: Kind, size: number) {
  const run = async (): Promise<number> => 1;
  const ids = Array.from({ length: size }, (_, at) => `n${at}`);
  const before = (at: number): string[] => {
    if (at === 0) return [];
    if (kind === 'chain') return [ids[at - 1]!];
    return at === size - 1 ? ids.slice(1, -1) : [ids[0]!];
  };
  return workflow({
    id: `${kind} of ${size}`,
    nodes: (flow) => {
      for (const [at, id] of ids.entries()) (flow as Untyped).task(id, { after: before(at), run });
      return flow;
    },
    output: ({ results }) => Object.keys(results).length,
  });
}

export const bare = (subject: Subject): FlowContender => ({
  versions: [],
  async prepare(kind, size) {
    const machine = flowOf(subject, kind, size);
    return {
      run: () => toPromise(createActor(machine, { input: undefined }).start()),
      close: async () => {},
    };
  },
});

export const durable = (subject: Subject): FlowContender => ({
  versions: [],
  async prepare(kind, size) {
    const machine = flowOf(subject, kind, size);
    const store = subject.sqliteStore(newFile(), { synchronous: 'normal' });
    const runtime = subject.createRuntime({ store });
    return {
      async run() {
        return (await runtime.start(machine)).done();
      },
      async close() {
        await runtime.close();
        await store.close();
      },
    };
  },
});
