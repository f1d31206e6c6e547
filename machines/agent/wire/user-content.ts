/** What a person says: as a page sends it, and as the transcript keeps it. */
import type { UIMessage, UserContent } from 'ai';
import { ChatError } from './chat-error.ts';
import { bytesOf } from './json-value.ts';
import { urlOf } from './step-chunks.ts';

type UserPart = Exclude<UserContent, string>[number];

/** Texts and files. A file that came as a data URL is kept as its bytes, which are stored once. */
export function contentOf({ parts }: UIMessage): UserContent {
  const content = parts.flatMap((part): UserPart[] => {
    if (part.type === 'text') return typeof part.text === 'string' ? [{ type: 'text', text: part.text }] : [];
    if (part.type !== 'file') return [];
    const { url, mediaType, filename } = part;
    if (typeof url !== 'string' || typeof mediaType !== 'string')
      throw new ChatError('CHAT_REQUEST', 'A file has a url and a mediaType.');
    const name = filename === undefined ? {} : { filename };
    return [{ type: 'file', mediaType, ...name, data: dataOf(url) }];
  });
  if (content.length === 0) throw new ChatError('CHAT_REQUEST', 'The message says nothing.');
  const [only] = content;
  return content.length === 1 && only?.type === 'text' ? only.text : content;
}

function dataOf(url: string): Uint8Array | URL {
  try {
    const bytes = bytesOf(url);
    if (bytes) return bytes;
    const { protocol } = new URL(url);
    if (protocol === 'https:' || protocol === 'http:') return new URL(url);
  } catch (cause) {
    throw new ChatError('CHAT_REQUEST', 'A file has a URL that cannot be read.', { cause });
  }
  throw new ChatError('CHAT_REQUEST', "A file has a URL that begins with 'data:', 'https:' or 'http:'.");
}

/** As a page shows it. */
export function userParts(content: UserContent): UIMessage['parts'] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((part): UIMessage['parts'][number] => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    const { mediaType = 'image/*' } = part;
    const url = urlOf(mediaType, part.type === 'image' ? part.image : part.data);
    const name = part.type === 'file' && part.filename !== undefined ? { filename: part.filename } : {};
    return { type: 'file', mediaType, ...name, url };
  });
}
