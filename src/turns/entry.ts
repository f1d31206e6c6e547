/** What a turn log writes, in the order in which it came: turns, and rows between them. */
import type { Change } from '../input/questions.ts';
import type { Told } from '../run/told.ts';
import type { CheckpointRow, Head, RunStatus } from '../store.ts';
import type { LiveSnapshot } from '../xstate/insider.ts';
import type { Turn } from '../xstate/turn.ts';
import type { Writes } from './writes.ts';

/** Somebody who waits for a turn to be committed. */
export interface Waiter {
  /** `undefined`: its event was taken back, and when it was set off again nothing took it. */
  resolve(seq: number | undefined): void;
  reject(error: unknown): void;
  /** Set for an event behind the turn that nothing took: the turn is taken back, and it may be taken now. */
  again?(): void;
}

/** Something that goes into a commit, and those who wait for it. */
export interface Entry {
  readonly waiters: readonly Waiter[] | undefined;
  /** What it writes beside a checkpoint. */
  readonly writes: Writes | undefined;
  readonly head?: Head | undefined;
}

/** A turn that ended. */
export interface Ended extends Entry {
  waiters: Waiter[] | undefined;
  readonly turn: Turn;
  readonly seq: number;
  /** The root's snapshot after it. */
  readonly snapshot: LiveSnapshot;
  readonly status: RunStatus;
  /** Were there custom actions that had not run when it ended, its own or earlier ones? */
  readonly isBusy: boolean;
  /** Is the run over with it, and nothing left to do? */
  readonly isOver: boolean;
  /** The root's state value after it. */
  readonly value: unknown;
  readonly touchedRoot: boolean;
  /** What it did to the run's questions. */
  readonly change: Change | undefined;
  /** What was said with the event. */
  readonly told: Told | undefined;
  readonly row: CheckpointRow;
  /** Was it let out before it was committed? */
  isLetOut: boolean;
}

/** Rows that are written between two turns: of a step, say. */
export interface Recorded extends Entry {
  readonly turn?: undefined;
}

export const isTurn = (entry: Ended | Recorded): entry is Ended => entry.turn !== undefined;

/** Nothing of it may be seen before it is committed, in whatever mode. */
export const isGuarded = ({ writes }: Entry): boolean =>
  writes !== undefined && (writes.unless ?? writes.ask ?? writes.close) !== undefined;
