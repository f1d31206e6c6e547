/** The agent as Mastra makes one, with its store for libSQL. It keeps a loop there only where it waits for something. */
import { newFile } from '../new-file.ts';
import type { Peers } from '../peers/peers.ts';
import { type AgentContender, LOOPS } from './contender.ts';
import { scriptedModel } from './scripted-model.ts';

// Written down as far as it is called: the package is not among our dependencies.
interface Application {
  getAgent(name: string): {
    generate(
      prompt: string,
      options: object,
    ): Promise<{ readonly steps: readonly { readonly toolResults: readonly unknown[] }[] }>;
  };
}
interface Core {
  readonly Mastra: new (options: object) => Application;
}
interface Agents {
  readonly Agent: new (options: object) => object;
}
interface Tools {
  readonly createTool: (options: object) => object;
}
interface LibSQL {
  readonly LibSQLStore: new (options: object) => object;
}
interface Zod {
  object(shape: object): object;
  number(): object;
}

export async function mastra(peers: Peers): Promise<AgentContender> {
  process.env['MASTRA_TELEMETRY_DISABLED'] = '1';
  const { Mastra } = (await peers.load('@mastra/core/mastra')) as Core;
  const { Agent } = (await peers.load('@mastra/core/agent')) as Agents;
  const { createTool } = (await peers.load('@mastra/core/tools')) as Tools;
  const { LibSQLStore } = (await peers.load('@mastra/libsql')) as LibSQL;
  const { z } = (await peers.load('zod')) as { readonly z: Zod };
  const look = createTool({
    id: 'look',
    description: 'Looks.',
    inputSchema: z.object({ n: z.number() }),
    execute: async ({ n }: { readonly n: number }) => ({ seen: n }),
  });
  return {
    versions: ['@mastra/core', '@mastra/libsql'].map(peers.versionOf),
    async prepare() {
      const looker = new Agent({
        id: 'looker',
        name: 'looker',
        instructions: 'You look.',
        model: scriptedModel,
        tools: { look },
      });
      const storage = new LibSQLStore({ id: 'bench', url: `file:${newFile()}` });
      const app = new Mastra({ storage, agents: { looker }, logger: false });
      return {
        async run(id) {
          const { steps } = await app
            .getAgent('looker')
            .generate('Look!', { runId: id, maxSteps: LOOPS + 1 });
          return steps.reduce((sum, { toolResults }) => sum + toolResults.length, 0);
        },
        close: async () => {},
      };
    },
  };
}
