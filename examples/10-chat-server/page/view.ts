/** What is seen of a chat. */
import { getToolName, isToolUIPart, type UIMessage } from 'ai';

function element(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return found;
}

type Part = UIMessage['parts'][number];
/** What a person decides. */
export type Decide = (question: string, approved: boolean) => void;

function tag(name: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function shown(part: Part, decide: Decide): readonly HTMLElement[] {
  if (part.type === 'text') return [tag('p', part.text)];
  if (!isToolUIPart(part)) return [];
  const { state } = part;
  const name = getToolName(part);
  const says = `${name} ${JSON.stringify(part.input ?? {})}`;
  if (state === 'approval-requested') {
    const { id } = part.approval;
    const question = tag('p', `${says}: may it? `, 'tool');
    for (const [text, approved] of [
      ['Approve', true],
      ['Deny', false],
    ] as const) {
      const button = tag('button', text);
      button.addEventListener('click', () => decide(id, approved));
      question.append(button);
    }
    return [question];
  }
  if (state === 'output-available') return [tag('p', `${says}: ${JSON.stringify(part.output)}`, 'tool')];
  return [tag('p', `${says}: ${state}`, 'tool')];
}

export function show(messages: readonly UIMessage[], decide: Decide): void {
  element('main').replaceChildren(
    ...messages.map(({ id, role, parts }) => {
      const article = document.createElement('article');
      article.dataset['id'] = id;
      article.dataset['role'] = role;
      article.append(...parts.flatMap((part) => shown(part, decide)));
      return article;
    }),
  );
}

export function say(status: string): void {
  element('#status').textContent = status;
}

/** Calls `send` with what is typed, when it is sent. */
export function onSend(send: (text: string) => void): void {
  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = document.querySelector('input');
    if (input === null || input.value === '') return;
    send(input.value);
    input.value = '';
  });
}
