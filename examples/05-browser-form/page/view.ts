/** What is seen of a snapshot. */
import type { SnapshotFrom } from 'xstate';
import type { stall } from './stall.ts';

function element(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return found;
}

const form = element('fieldset');
const notice = element('#notice');

/** Shows the page of the form that the machine is on. */
export function show(snapshot: SnapshotFrom<typeof stall>): void {
  const { application, number } = snapshot.context;
  for (const section of document.querySelectorAll<HTMLElement>('section')) {
    section.hidden = section.dataset['state'] !== snapshot.value;
  }
  for (const input of document.querySelectorAll('input')) {
    const text = Object.entries(application).find(([field]) => field === input.name)?.[1] ?? '';
    // What is being typed may be a letter ahead.
    if (input !== document.activeElement) input.value = text;
  }
  const { name, mail, goods, metres } = application;
  element('#summary').textContent = `${name} (${mail}) sells ${goods} on ${metres} metres.`;
  element('#number').textContent = number ?? '';
}

/** Whether the form can be filled in here; where not, why not. */
export function setEditable(reason?: string): void {
  form.toggleAttribute('disabled', reason !== undefined);
  notice.hidden = reason === undefined;
  element('#notice span').textContent = reason ?? '';
}

export function say(text: string): void {
  element('#saved').textContent = text;
}

export function onClick(selector: string, act: () => Promise<void>): void {
  for (const button of document.querySelectorAll(selector))
    button.addEventListener('click', () => void act());
}

export function onInput(act: (name: string, text: string) => void): void {
  for (const input of document.querySelectorAll('input')) {
    input.addEventListener('input', () => act(input.name, input.value));
  }
}
