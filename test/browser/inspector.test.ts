/** What the Stately inspector is told of a run that was opened again: by its own package, in a real browser. */
import { join } from 'node:path';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servePage, type ServedPage } from '../../examples/browser/serve.ts';
import { describeInChromium } from '../support/chromium.ts';

describeInChromium('the Stately inspector', (browser) => {
  let app: ServedPage;
  let inspector: ServedPage;

  beforeAll(async () => {
    app = await servePage(join(import.meta.dirname, 'inspected'));
    inspector = await servePage(join(import.meta.dirname, 'inspector'));
  });

  afterAll(() => {
    app.close();
    inspector.close();
  });

  it('shows a run that is opened again at its restored state, and its children, too', async () => {
    const tab = await browser.context.newPage();
    await tab.goto(app.url);
    expect(await tab.evaluate(() => window.app.begin())).toEqual([
      { baking: { door: {}, fire: {} } },
      'running',
    ]);
    // Nothing is left of the page but what is stored.
    await tab.reload();
    await tab.evaluate((url) => window.app.open(url), inspector.url);
    const frame = tab.frames().find((one) => one.url() === inspector.url)!;
    const inspected = async (): Promise<ReadonlyMap<string, Inspected>> =>
      inspectedIn(await frame.evaluate(() => window.received));

    // All states that the inspector was ever told: none of them is one that the run was in before.
    const restored = {
      baking: { parent: undefined, states: [{ baking: { door: {}, fire: {} } }] },
      oven: { parent: 'baking', states: [{ hot: 'empty' }] },
      errands: { parent: undefined, states: ['running'] },
      walk: { parent: 'errands', states: ['done'] },
      which: { parent: 'errands', states: ['waitingForInput'] },
      back: { parent: 'errands', states: ['pending'] },
    };
    await expect.poll(async () => Object.fromEntries(await inspected())).toMatchObject(restored);

    await tab.evaluate(() => window.app.answer('errands/which/question'));
    await expect
      .poll(async () => Object.fromEntries(await inspected()))
      .toMatchObject({
        ...restored,
        errands: { states: ['running', 'done'] },
        which: { states: ['waitingForInput', 'done'] },
        back: { states: ['pending', 'running', 'done'] },
      });
    await tab.close();
  });
});

/** What the inspector was told of an actor. */
interface Inspected {
  readonly parent: string | undefined;
  /** Its states, one after another. */
  readonly states: unknown[];
}

/** By the name of the actor. */
function inspectedIn(events: readonly StatelyInspectionEvent[]): ReadonlyMap<string, Inspected> {
  const names = new Map<string, string>();
  const actors = new Map<string, Inspected>();
  for (const event of events) {
    if (event.type === '@xstate.event') continue;
    if (event.type === '@xstate.actor') {
      names.set(event.sessionId, event.name);
      actors.set(event.name, { parent: names.get(event.parentId ?? ''), states: [] });
    }
    const { states } = actors.get(names.get(event.sessionId) ?? '')!;
    const state: unknown = Reflect.get(event.snapshot, 'value');
    if (JSON.stringify(state) !== JSON.stringify(states.at(-1))) states.push(state);
  }
  return actors;
}
