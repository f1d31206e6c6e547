/** Server-sent events, as the AI SDK's client reads them. */
import { UI_MESSAGE_STREAM_HEADERS, type UIMessageChunk } from 'ai';
import type { AnswerStream } from './answer-stream.ts';

const line = (chunk: UIMessageChunk, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(chunk)}\n\n`;

/** The id of a chunk: the stream's key, and its number. */
const eventId = (key: string, number: number): string => `${key}.${number}`;

/** What the id of an event says. */
export function parseEventId(
  id: string | null,
): { readonly key: string; readonly number: number } | undefined {
  const [, key, number] = /^([\w-]+)\.(\d+)$/.exec(id ?? '') ?? [];
  return key === undefined ? undefined : { key, number: Number(number) };
}

/**
 * Sends an answer from the chunk with the number `from` on, until it comes to rest; before that, `before`. `onEnd` is
 * called once, however it ends.
 */
export function eventsOf(
  answer: AnswerStream,
  {
    from,
    before,
    onEnd,
  }: { readonly from: number; readonly before: readonly UIMessageChunk[]; readonly onEnd: () => void },
): Response {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let next = from;
  let first: readonly UIMessageChunk[] = before;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        let text = first.map((chunk) => line(chunk)).join('');
        first = [];
        while (text === '') {
          const { rest, broken } = answer;
          text = answer.chunks
            .slice(next)
            .map((chunk, index) => line(chunk, eventId(answer.key, next + index)))
            .join('');
          next = answer.chunks.length;
          if (text !== '') break;
          if (broken) {
            onEnd();
            controller.error(broken);
            return;
          }
          if (rest) {
            controller.enqueue(encoder.encode(`${lastWords(answer)}data: [DONE]\n\n`));
            controller.close();
            onEnd();
            return;
          }
          await answer.news(gone.signal);
          if (gone.signal.aborted) return;
        }
        controller.enqueue(encoder.encode(text));
      },
      cancel: () => {
        gone.abort();
        onEnd();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: UI_MESSAGE_STREAM_HEADERS });
}

function lastWords({ rest, chunks }: AnswerStream): string {
  const { finishReason, error, questions } = rest!;
  const begun = chunks.length > 0;
  const said: UIMessageChunk[] = [
    ...questions,
    ...(begun ? [{ type: 'finish-step' as const }] : []),
    ...(error === undefined ? [] : [{ type: 'error' as const, errorText: error }]),
    ...(begun ? [{ type: 'finish' as const, finishReason }] : []),
  ];
  return said.map((chunk) => line(chunk)).join('');
}
