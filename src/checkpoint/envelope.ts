/**
 * How a checkpoint is written into a row: a header that can be listed without the body, and a body that
 * is the whole document or what changed in it.
 */
import type { Codec } from './codec.ts';
import type { Json } from './json.ts';

/** The version of the format that this file writes. */
export const FORMAT = 1;

/** Why there was a turn. */
export interface CheckpointCause {
  /** The start of the run, an event from outside, a delay that was due, the outcome of an effect, a cancellation, a retry by hand, or a fork. */
  readonly type: 'start' | 'event' | 'delay' | 'actor' | 'cancel' | 'retry' | 'fork';
  /** The event, without what it carried: that is in the state as far as the machine kept it. */
  readonly event: { readonly type: string };
  /** The event's id, where it was sent with one. */
  readonly id?: string | undefined;
  /** Who sent it, where that was said. */
  readonly by?: string | undefined;
  /** The path of the actor that it came from (an effect), or that it went to (a delay). */
  readonly actor?: string | undefined;
}

/** The definition that wrote a base. */
export interface Definition {
  readonly machine: string;
  readonly version?: string;
  /** A hash of the machine's structure. */
  readonly structure: string;
  /** XState's major version. */
  readonly xstate: 5;
  readonly format: typeof FORMAT;
}

export interface Header {
  readonly cause: CheckpointCause;
  /** The root's state value. */
  readonly value?: Json;
  /** On a base. */
  readonly definition?: Definition;
}

export const define = (machine: string, version: string | undefined, structure: string): Definition => ({
  machine,
  ...(version !== undefined && { version }),
  structure,
  xstate: 5,
  format: FORMAT,
});

// What begins a body whose values went through the codec; a plain one begins with its JSON.
export const RICH = '=';

/** The text of a body with rich values, and the blobs that it refers to. */
export const encodeRich = (value: unknown, codec: Codec, blobs: Map<string, Uint8Array>): string =>
  RICH + JSON.stringify(codec.encode(value, blobs));
