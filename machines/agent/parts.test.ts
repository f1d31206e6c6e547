/** Who hears what a model says while it says it. */
import { MockLanguageModelV4 } from 'ai/test';
import { expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { agent, onParts } from './index.ts';

it('somebody who comes late hears what was said so far in a call that is not over, and nothing of one that is', async () => {
  let finish = (): void => {};
  const model = new MockLanguageModelV4({
    doStream: async () => ({
      stream: new ReadableStream({
        start: (controller) => {
          controller.enqueue({ type: 'stream-start', warnings: [] });
          controller.enqueue({ type: 'text-start', id: 't' });
          controller.enqueue({ type: 'text-delta', id: 't', delta: 'This is said early, ' });
          finish = () => {
            controller.enqueue({ type: 'text-delta', id: 't', delta: 'and this late.' });
            controller.enqueue({ type: 'text-end', id: 't' });
            controller.enqueue({
              type: 'finish',
              finishReason: { unified: 'stop', raw: 'stop' },
              usage: {
                inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
                outputTokens: { total: 1, text: 1, reasoning: 0 },
              },
            });
            controller.close();
          };
        },
      }),
    }),
  });
  const runtime = createRuntime({ store: memoryStore() });
  const run = await runtime.start(agent({ id: 'a', model }), { input: { prompt: 'Go!' } });
  const heard = ['', '', ''];
  const listen = (who: number): (() => void) =>
    onParts(run.actor, ({ part }) => {
      if (part.type === 'text-delta') heard[who] += part.text;
    });
  listen(0);
  await expect.poll(() => heard[0]).toBe('This is said early, ');
  listen(1);
  expect(heard[1]).toBe('This is said early, ');
  finish();
  await run.done();
  listen(2);
  expect(heard).toEqual(['This is said early, and this late.', 'This is said early, and this late.', '']);
});
