/** What goes into the commit of a turn beside its checkpoint. */
import type { Change } from '../input/questions.ts';
import type { Row } from '../store.ts';
import type { Durability } from '../turns/turn-log.ts';
import type { Writes } from '../turns/writes.ts';
import type { Host } from '../xstate/host.ts';
import type { Turn } from '../xstate/turn.ts';
import type { Desk } from './desk.ts';
import { waitingFor } from './sends.ts';
import type { Told } from './told.ts';

/** The run whose turn it is. */
interface Committed {
  readonly host: Host;
  readonly desk: Desk;
  readonly durability: Durability;
  /** Is only the newest checkpoint to be readable? */
  readonly replace: boolean;
}

/** Throws `NotSerializableError`. */
export function writesBeside(
  { host, desk, durability, replace }: Committed,
  turn: Turn,
  told: Told | undefined,
  seq: number,
  change: Change | undefined,
): Writes[] {
  const parts: Writes[] = [];
  if (told?.id !== undefined) {
    const event: Row = { kind: 'event', key: told.id, value: String(seq) };
    parts.push({ put: [event], unless: durability === 'sync' ? waitingFor(told) : undefined });
  }
  if (told?.take !== undefined) parts.push({ take: [told.take] });
  if (change) {
    parts.push(desk.questions.writes(change, told, seq));
    const overtaken = desk.answers.overtaken(change);
    if (overtaken) parts.push(overtaken);
  }
  if (replace)
    for (const { journaled } of host.endedEffects(turn))
      if (journaled) parts.push({ drop: [...journaled].map((key) => ({ kind: 'step', key })) });
  if (turn.actions.length > 0) parts.push({ put: desk.outbox.rows(turn, seq) });
  const unopened = host.isActive ? undefined : desk.answers.atEnd();
  if (unopened) parts.push(unopened);
  return parts;
}
