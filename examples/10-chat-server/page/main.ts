/** The page. A reload, or a server that is gone for a while, takes nothing from the chat. */
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { PageChat } from './chat.ts';
import { onSend, say, show } from './view.ts';

/** How long a server that is gone is left alone, in milliseconds. */
const AGAIN = 300;

// A chat has an address: it can be opened in another tab.
if (location.hash === '') location.hash = crypto.randomUUID();
const id = location.hash.slice(1);

const known = await fetch(`/api/chat/${id}`);
const chat = new PageChat({
  id,
  messages: known.ok ? await known.json() : [],
  transport: new DefaultChatTransport({ api: '/api/chat' }),
  sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  onChange: render,
  // The server is gone, or is not there yet.
  onError: (error) => {
    if (error instanceof TypeError) setTimeout(() => void chat.resumeStream(), AGAIN);
  },
});

let isDrawing = false;
function render(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    show(
      chat.messages,
      (question, approved) => void chat.addToolApprovalResponse({ id: question, approved }),
    );
    const isGone = chat.error instanceof TypeError;
    say(isGone ? 'The connection is gone. It is tried again.' : (chat.error?.message ?? chat.status));
  });
}

onSend((text) => void chat.sendMessage({ text }));
render();
if (known.ok) await chat.resumeStream();
