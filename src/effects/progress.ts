/** What a step reports while it runs. */
import type { EventObject } from 'xstate';

/** What an actor emits for `progress(value)` of one of its steps. */
export interface StepProgress extends EventObject {
  readonly type: 'progress';
  /** The step's name; from the second step of that name on with its number, `charge#2`. */
  readonly step: string;
  readonly value: unknown;
}

/**
 * Tells whether an event that an actor emitted is the progress of a step.
 *
 * @example
 * actor.on('progress', (event) => {
 *   if (isStepProgress(event)) show(event.step, event.value);
 * });
 */
export const isStepProgress = (event: EventObject): event is StepProgress =>
  event.type === 'progress' && 'step' in event && 'value' in event;
