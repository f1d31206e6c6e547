/** What an agent knows: its transcript, what it is doing, and what it has used. */
import type { AgentMessage, UserMessage } from '../messages.ts';
import type { Notes } from '../memory/notebook.ts';
import type { AgentUsage } from '../usage.ts';
import type { ToolCall } from '../tools/tool.ts';

/** The states of an agent. */
export type AgentState = 'thinking' | 'callingTools' | 'waitingForInput' | 'answering' | 'done' | 'failed';

/** A tool call of the present loop. */
export interface OpenCall extends ToolCall {
  /** The id of its actor. */
  readonly child: string;
  readonly status: 'queued' | 'running' | 'asking' | 'over';
}

/** What has happened since a person said something last. */
export interface AgentTurn {
  /** How many messages there were before it. */
  readonly from?: number | undefined;
  /** How many loops have begun. */
  readonly loops: number;
  /** When it began, in milliseconds since 1970. */
  readonly started: number;
  /** How long nothing but people was waited for, in milliseconds. */
  readonly waited: number;
  /** How many loops in a row had calls that do not fit. */
  readonly bad: number;
  /** How many loops in a row had the same calls. */
  readonly same: number;
  /** What tells the calls of the last loop. */
  readonly last?: string;
  /** How many answers did not fit the schema of the output. */
  readonly misfits: number;
}

/** The answer of a turn. */
export interface AgentAnswer {
  /** The id of its message; `''` where it was stopped before there was one. */
  readonly id: string;
  readonly text: string;
  /** What the schema of the output makes of it. */
  readonly object?: unknown;
  readonly finishReason: string;
  /** Who has the conversation from here on. */
  readonly handOff?: HandOff;
}

/** An agent gave the conversation to another. */
export interface HandOff {
  readonly to: string;
  /** What the other is to know. */
  readonly reason: string;
}

/** What the model is told in place of the first messages, which stay in the transcript. */
export interface Summary {
  /** How many messages it stands for. */
  readonly count: number;
  readonly text: string;
}

/** More than the limits say, as people allowed. */
interface Allowance {
  readonly loops: number;
  readonly tokens: number;
  readonly cost: number;
  readonly ms: number;
}

export interface AgentContext {
  /** The transcript. */
  readonly messages: readonly AgentMessage[];
  /** What people said meanwhile: it is delivered before the next loop. */
  readonly queue: readonly UserMessage[];
  /** The number of the message that a person sent last. */
  readonly heard: number;
  /** How many model calls there were. */
  readonly calls: number;
  readonly turn: AgentTurn;
  /** The tool calls of this loop. */
  readonly open: readonly OpenCall[];
  readonly usage: AgentUsage;
  /** The tools that nobody needs to be asked about any more. */
  readonly remembered: readonly string[];
  /** Which call had a result that is to be given again: its message and its id. */
  readonly cache: Readonly<Record<string, readonly [message: string, call: string]>>;
  /** A model call that is tried again. */
  readonly retry?: { readonly id: string; readonly tries: number; readonly isDue: boolean } | undefined;
  /** What its memory keeps, as it was when a tool call ended last. */
  readonly notes: Notes;
  /** The names of the notes that it was started with. */
  readonly given?: readonly string[];
  /** What stands for the first messages where the model is asked. */
  readonly summary?: Summary | undefined;
  /** How many tokens the last model call had, its answer among them. */
  readonly size: number;
  /** A call of this loop gave the conversation away. */
  readonly handOff?: HandOff | undefined;
  readonly stopping: boolean;
  /** The limit that it asks to go past. */
  readonly limit?: keyof Allowance | undefined;
  readonly allowed: Allowance;
  /** Since when nothing but people is waited for. */
  readonly waiting?: number | undefined;
  readonly answer?: AgentAnswer | undefined;
  /** What it fails with. */
  readonly failure?: Error | undefined;
  /** The state that it goes to. */
  readonly goal: AgentState;
}
