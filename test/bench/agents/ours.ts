/** The agent, with `createActor()` alone, and as a durable run. */
import type { AgentContext } from 'savepoint/machines/agent';
import { createActor, toPromise } from 'xstate';
import { z } from 'zod';
import { newFile } from '../new-file.ts';
import type { Subject } from '../subject.ts';
import type { AgentContender } from './contender.ts';
import { scriptedModel } from './scripted-model.ts';

const input = { prompt: 'Look!' };

function agentOf({ agent, durableTool }: Subject) {
  const look = durableTool({
    description: 'Looks.',
    inputSchema: z.object({ n: z.number() }),
    run: async ({ input }) => ({ seen: input.n }),
  });
  return agent({ id: 'looker', model: scriptedModel, instructions: 'You look.', tools: { look } });
}

const resultsIn = ({ messages }: AgentContext): number =>
  messages.reduce((sum, { role, content }) => (role === 'tool' ? sum + content.length : sum), 0);

export const bare = (subject: Subject): AgentContender => ({
  versions: [],
  async prepare() {
    const machine = agentOf(subject);
    return {
      async run() {
        const actor = createActor(machine, { input }).start();
        await toPromise(actor);
        return resultsIn(actor.getSnapshot().context);
      },
      close: async () => {},
    };
  },
});

export const durable = (subject: Subject): AgentContender => ({
  versions: [],
  async prepare() {
    const machine = agentOf(subject);
    const store = subject.sqliteStore(newFile(), { synchronous: 'normal' });
    const runtime = subject.createRuntime({ store });
    return {
      async run(id) {
        const run = await runtime.start(machine, { id, input });
        await run.done();
        return resultsIn(run.getSnapshot().context);
      },
      async close() {
        await runtime.close();
        await store.close();
      },
    };
  },
});
