/** The page of an app whose runs are inspected. */
import { createBrowserInspector } from '@statelyai/inspect';
import { createRuntime, type Runtime } from 'savepoint';
import { indexedDBStore } from 'savepoint/indexeddb';
import { workflow } from 'savepoint/machines';
import { setup } from 'xstate';

const oven = setup({}).createMachine({
  id: 'oven',
  initial: 'cold',
  states: { cold: { after: { 1: 'hot' } }, hot: { initial: 'empty', states: { empty: {} } } },
});

const kitchen = setup({ actors: { oven } }).createMachine({
  id: 'kitchen',
  initial: 'closed',
  states: {
    closed: { on: { open: 'baking' } },
    baking: { type: 'parallel', states: { door: {}, fire: { invoke: { src: 'oven', id: 'oven' } } } },
  },
});

const errand = workflow({
  id: 'errand',
  nodes: (flow) =>
    flow
      .task('walk', { run: async () => 'there' })
      .question('which', { after: ['walk'], ask: { prompt: 'Which one?' } })
      .task('back', { after: ['which'], run: async () => 'home' }),
});

const runtimeWith = (inspect?: ReturnType<typeof createBrowserInspector>['inspect']): Runtime =>
  createRuntime({
    store: indexedDBStore('inspected'),
    machines: [kitchen, errand],
    ...(inspect && { inspect }),
  });

let inspected: Runtime;

const app = {
  /** Starts two runs, which nobody inspects. Resolves with their states. */
  begin: async (): Promise<readonly unknown[]> => {
    const runtime = runtimeWith();
    const baking = await runtime.start(kitchen, { id: 'baking' });
    await baking.send({ type: 'open' });
    const errands = await runtime.start(errand, { id: 'errands' });
    await errands.waitForInput();
    await baking.settled();
    await runtime.close();
    return [baking, errands].map((run) => run.getSnapshot().value);
  },

  /** Opens both again, under the inspector, which talks to the page at `url` in a frame. */
  open: async (url: string): Promise<void> => {
    const iframe = document.createElement('iframe');
    document.body.append(iframe);
    const { inspect } = createBrowserInspector({ iframe, url });
    inspected = runtimeWith(inspect);
    await inspected.open('baking');
    await inspected.open('errands');
  },

  answer: async (question: string): Promise<void> => {
    await inspected.answer(question, 'the red one');
  },
};

declare global {
  interface Window {
    app: typeof app;
  }
}

window.app = app;
