/**
 * The page. One tab fills in the form; every other one shows live what is typed there, and can take over. A reload, a
 * crash or a closed tab loses nothing that the page called saved.
 */
import {
  createRuntime,
  FencedError,
  RunClosedError,
  RunLockedError,
  type Follower,
  type Run,
} from 'savepoint';
import { indexedDBStore } from 'savepoint/indexeddb';
import type { EventFrom } from 'xstate';
import { isField, stall } from './stall.ts';
import { onClick, onInput, say, setEditable, show } from './view.ts';

/** Each browser has one application. */
const RUN = 'my-stall';
/** How long a frozen tab may keep the form to itself, in milliseconds. One that is closed keeps it no longer. */
const PATIENCE = 20_000;

const runtime = createRuntime({
  store: indexedDBStore('market', { persist: true }),
  machines: [stall],
  // What is typed is seen at once, and its commit follows behind; what is typed meanwhile shares the next one. With
  // `sync` each keystroke would wait for the disk before it is seen. What that costs: a crash takes the keystrokes of the
  // last few milliseconds with it. flush() says when they are safe, and so does the page.
  durability: 'async',
});
/** By it a tab asks the one that has the form to let go of it. */
const tabs = new BroadcastChannel('market');
let run: Run<typeof stall> | undefined;
let followed: Follower<typeof stall> | undefined;
/** How many events were sent that may not be on the disk. */
let unsaved = 0;

/** Fills in the form here. */
function edit(opened: Run<typeof stall>): void {
  followed?.stop();
  followed = undefined;
  run = opened;
  unsaved = 0;
  run.subscribe(show);
  show(run.getSnapshot());
  setEditable();
  say('All is saved.');
}

/** Shows what another tab does with the form. */
async function follow(holder: string): Promise<void> {
  followed?.stop();
  followed = await runtime.follow(stall, RUN);
  followed.subscribe(show);
  show(followed.getSnapshot());
  setEditable(`The form is being filled in elsewhere: ${holder}.`);
  say('');
}

async function editOrFollow(opening: Promise<Run<typeof stall>>): Promise<void> {
  try {
    edit(await opening);
  } catch (error) {
    if (!(error instanceof RunLockedError)) throw error;
    await follow(error.holder);
  }
}

async function send(event: EventFrom<typeof stall>): Promise<void> {
  if (run === undefined) return;
  unsaved++;
  say('Saving …');
  try {
    await run.send(event);
    await run.flush();
    if (--unsaved === 0) say('All is saved.');
  } catch (error) {
    // This tab was frozen for so long that another one could take the form. What it still does counts for nothing.
    if (!(error instanceof FencedError || error instanceof RunClosedError)) throw error;
    await letGo();
  }
}

async function takeOver(): Promise<void> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
  tabs.postMessage('please let go');
  await editOrFollow(runtime.open(stall, RUN, { wait: PATIENCE }));
}

async function letGo(): Promise<void> {
  const mine = run;
  run = undefined;
  await mine?.release();
  if (mine !== undefined) await follow('another tab has taken it over');
}

onInput((name, text) => isField(name) && void send({ type: 'type', field: name, text }));
onClick('[data-event=next]', () => send({ type: 'next' }));
onClick('[data-event=back]', () => send({ type: 'back' }));
onClick('[data-event=send]', () => send({ type: 'send' }));
onClick('#take-over', takeOver);
tabs.addEventListener('message', () => void letGo());

await editOrFollow(runtime.ensure(stall, { id: RUN }));
