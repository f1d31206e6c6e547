/** What a runtime is made of, as its options say. */
import type { AnyEventObject } from 'xstate';
import type { CustomType } from './checkpoint/custom-type.ts';
import type { Change } from './input/questions.ts';
import type { Lease } from './lease.ts';
import type { RunCore } from './run/run-core.ts';
import type { Store } from './store.ts';
import type { Durability } from './turns/turn-log.ts';
import type { Clock } from './xstate/delays.ts';
import type { Inspect } from './xstate/host.ts';
import type { DelayPolicies } from './xstate/restore.ts';

export interface RuntimeContext {
  readonly store: Store;
  readonly lease: Lease;
  /** How classes of the user's are stored. */
  readonly types: readonly CustomType[];
  readonly clock: Clock;
  readonly replace: boolean;
  readonly durability: Durability;
  readonly delays: DelayPolicies;
  readonly recoveries: number;
  readonly answerBytes: number;
  readonly snapshotBytes: number;
  readonly inspect: Inspect | undefined;
  readonly logger: (...args: unknown[]) => void;
  /** The run has left this runtime. */
  forget(core: RunCore): void;
  /** Sends an event to another run, once by its id. */
  post(run: string, event: AnyEventObject, id: string): Promise<unknown>;
  /** Questions opened or closed. */
  questionsChanged(change: Change): void;
}
