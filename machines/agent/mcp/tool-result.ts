/** What a tool of an MCP server gave. */
import type { CallToolResult } from '@ai-sdk/mcp';

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
  readonly mimeType?: string;
}

/**
 * Data where the server gave data, a text where it gave texts, and else its parts, in which pictures and sounds have their
 * own bytes. Throws where it says that the call failed: the model is told.
 */
export function toolResult(result: CallToolResult): unknown {
  const {
    content = [],
    isError,
    structuredContent,
    toolResult,
  } = result as {
    readonly content?: readonly Part[];
    readonly isError?: boolean;
    readonly structuredContent?: unknown;
    readonly toolResult?: unknown;
  };
  const isText = content.every(({ type }) => type === 'text');
  const text = content.map(({ text = '' }) => text).join('\n');
  if (isError) throw new Error(text || 'The tool failed, and did not say why.');
  if (structuredContent !== undefined) return structuredContent;
  if (toolResult !== undefined) return toolResult;
  return isText ? text : content.map(partOf);
}

const partOf = (part: Part): object =>
  part.data === undefined
    ? part
    : {
        type: part.type,
        mediaType: part.mimeType,
        data: Uint8Array.from(atob(part.data), (char) => char.charCodeAt(0)),
      };
