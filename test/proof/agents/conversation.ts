/** The conversation: what the model says, how people answer, and what they say in between. */
import { createHash } from 'node:crypto';
import type { ApprovalAnswer } from 'savepoint/machines/agent';
import type { LoggedCall, Reply } from '../../support/agent/model-server.ts';

/** Between two pieces of an answer, in milliseconds: a kill comes in the middle of most. */
const PAUSE = 2;

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly arguments: object;
}

const call = (id: string, name: string, given: object): Wanted => ({ id, name, arguments: given });

/** What it says, by how often it has spoken before. */
const lines: readonly { readonly text?: string; readonly calls?: readonly Wanted[] }[] = [
  {
    text: 'I look at three things at once.',
    calls: [
      call('places', 'search', { query: 'places in Tallinn' }),
      call('sky', 'weather', { city: 'Tallinn' }),
      call('fares', 'search', { query: 'fares to Tallinn' }),
    ],
  },
  {
    calls: [
      call('hotel', 'book', { what: 'a hotel', nights: 2 }),
      call('museums', 'search', { query: 'museums in Tallinn' }),
      call('flight', 'book', { what: 'a flight', nights: 0 }),
    ],
  },
  {
    text: 'I write that down.',
    calls: [
      call('ferry', 'search', { query: 'the ferry to Helsinki' }),
      call('sea', 'weather', { city: 'Helsinki' }),
    ],
  },
  { text: 'All of that is arranged' },
  {
    text: 'There may be a train.',
    calls: [
      call('train', 'book', { what: 'a train', nights: 1 }),
      call('rails', 'search', { query: 'trains to Tartu' }),
    ],
  },
  { text: 'Then you walk' },
];

/** The same to the same messages. What it was told is in its answers, so that a transcript tells whether that was right. */
export function script({ body: { messages } }: LoggedCall): Reply {
  const line = lines[messages.filter(({ role }) => role === 'assistant').length] ?? {};
  const told = createHash('sha256').update(JSON.stringify(messages)).digest('hex').slice(0, 16);
  return { ...line, pause: PAUSE, ...(!line.calls && { text: `${line.text}, as of ${told}.` }) };
}

export const prompt = 'Arrange a week in Tallinn.';

/** What is said while the first two approvals are open, and after the first answer. */
export const sayings = {
  meanwhile: { type: 'user.message', id: 'meanwhile', content: 'And keep it cheap.' },
  after: { type: 'user.message', id: 'after', content: 'And from there to Tartu?' },
} as const;

/** The other arguments that a person gave for one call. */
export const edited = { what: 'a hotel', nights: 6 };

/** What is answered, by the call. */
export const approvals: Readonly<Record<string, ApprovalAnswer>> = {
  hotel: { approve: true, input: edited },
  flight: { approve: true },
  train: { approve: false, reason: 'It is too slow.' },
};

/** The calls that must come to something, each with the steps of its tool. */
export const deeds: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  lines.flatMap(({ calls = [] }) =>
    calls
      .filter(({ id }) => approvals[id]?.approve !== false)
      .map(({ id, name }) => [id, name === 'search' ? ['fetch', 'rank'] : []]),
  ),
);
