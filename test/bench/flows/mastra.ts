/** The flows as workflows of Mastra, with its store for libSQL. */
import { newFile } from '../new-file.ts';
import type { FlowContender, Kind } from './contender.ts';
import type { Peers } from '../peers/peers.ts';

// Written down as far as it is called: the package is not among our dependencies.
interface Workflow {
  then(step: object): Workflow;
  parallel(steps: readonly object[]): Workflow;
  commit(): object;
}
interface Workflows {
  readonly createWorkflow: (options: object) => Workflow;
  readonly createStep: (options: object) => object;
}
interface Application {
  getWorkflow(id: string): {
    createRun(options: object): Promise<{ start(options: object): Promise<{ readonly status: string }> }>;
  };
}
interface Core {
  readonly Mastra: new (options: object) => Application;
}
interface LibSQL {
  readonly LibSQLStore: new (options: object) => object;
}
interface Zod {
  any(): unknown;
}

export async function mastra(peers: Peers): Promise<FlowContender> {
  process.env['MASTRA_TELEMETRY_DISABLED'] = '1';
  const { Mastra } = (await peers.load('@mastra/core/mastra')) as Core;
  const workflows = (await peers.load('@mastra/core/workflows')) as Workflows;
  const { LibSQLStore } = (await peers.load('@mastra/libsql')) as LibSQL;
  const { z } = (await peers.load('zod')) as { readonly z: Zod };
  return {
    versions: ['@mastra/core', '@mastra/libsql'].map(peers.versionOf),
    async prepare(kind, size) {
      const storage = new LibSQLStore({ id: 'bench', url: `file:${newFile()}` });
      const workflow = workflowOf(workflows, z.any(), kind, size);
      const app = new Mastra({ storage, workflows: { flow: workflow }, logger: false });
      let runs = 0;
      return {
        async run() {
          const run = await app.getWorkflow('flow').createRun({ runId: `run-${runs++}` });
          const { status } = await run.start({ inputData: {} });
          return status === 'success' ? size : 0;
        },
        close: async () => {},
      };
    },
  };
}

function workflowOf(
  { createWorkflow, createStep }: Workflows,
  schema: unknown,
  kind: Kind,
  size: number,
): object {
  const schemas = { inputSchema: schema, outputSchema: schema };
  const steps = Array.from({ length: size }, (_, at) =>
    createStep({ id: `n${at}`, ...schemas, execute: async () => 1 }),
  );
  const [first = {}, ...others] = steps;
  const begun = createWorkflow({ id: 'flow', ...schemas }).then(first);
  if (kind === 'fan') return begun.parallel(others.slice(0, -1)).then(others.at(-1)!).commit();
  return others.reduce<Workflow>((flow, step) => flow.then(step), begun).commit();
}
