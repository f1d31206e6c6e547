/** The agent as LangGraph.js makes one, with its checkpointer for SQLite. */
import Database from 'better-sqlite3';
import { newFile } from '../new-file.ts';
import type { Peers } from '../peers/peers.ts';
import { type AgentContender, ANSWER, wanted } from './contender.ts';

// Written down as far as it is called: the package is not among our dependencies.
interface Message {
  getType(): string;
}
interface Messages {
  readonly AIMessage: new (fields: object) => Message;
}
interface ChatModels {
  readonly BaseChatModel: new (fields: object) => object;
}
interface Tools {
  readonly tool: (run: (input: { readonly n: number }) => Promise<string>, options: object) => object;
}
interface Prebuilt {
  readonly createReactAgent: (options: object) => {
    invoke(input: object, options: object): Promise<{ readonly messages: readonly Message[] }>;
  };
}
interface Checkpointers {
  readonly SqliteSaver: new (db: Database.Database) => object;
}
interface Zod {
  object(shape: object): object;
  number(): object;
}

export async function langGraph(peers: Peers): Promise<AgentContender> {
  const { createReactAgent } = (await peers.load('@langchain/langgraph/prebuilt')) as Prebuilt;
  const { SqliteSaver } = (await peers.load('@langchain/langgraph-checkpoint-sqlite')) as Checkpointers;
  const { tool } = (await peers.load('@langchain/core/tools')) as Tools;
  const { z } = (await peers.load('zod')) as { readonly z: Zod };
  const llm = await modelOf(peers);
  const look = tool(async ({ n }) => JSON.stringify({ seen: n }), {
    name: 'look',
    description: 'Looks.',
    schema: z.object({ n: z.number() }),
  });
  return {
    versions: ['@langchain/langgraph', '@langchain/langgraph-checkpoint-sqlite'].map(peers.versionOf),
    async prepare() {
      const db = new Database(newFile());
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      const app = createReactAgent({
        llm,
        tools: [look],
        prompt: 'You look.',
        checkpointSaver: new SqliteSaver(db),
      });
      return {
        async run(id) {
          const { messages } = await app.invoke(
            { messages: [{ role: 'user', content: 'Look!' }] },
            { configurable: { thread_id: id }, recursionLimit: 100, durability: 'sync' },
          );
          return messages.filter((message) => message.getType() === 'tool').length;
        },
        close: async () => void db.close(),
      };
    },
  };
}

/** A model that answers at once. */
async function modelOf(peers: Peers): Promise<object> {
  const { AIMessage } = (await peers.load('@langchain/core/messages')) as Messages;
  const { BaseChatModel } = (await peers.load('@langchain/core/language_models/chat_models')) as ChatModels;
  class ScriptedModel extends BaseChatModel {
    _llmType(): string {
      return 'scripted';
    }
    bindTools(): this {
      return this;
    }
    async _generate(messages: readonly Message[]): Promise<object> {
      const calls = wanted(messages.filter((message) => message.getType() === 'ai').length);
      const text = calls.length > 0 ? '' : ANSWER;
      const message = new AIMessage({
        content: text,
        tool_calls: calls.map((args) => ({ type: 'tool_call', id: `call-${args.n}`, name: 'look', args })),
      });
      return { generations: [{ text, message }] };
    }
  }
  return new ScriptedModel({});
}
