/**
 * Durable XState actors.
 *
 * @module
 */
export { createRuntime, durable } from './runtime.ts';
export type { Limits, OpenOptions, Runtime, RuntimeOptions, StartOptions } from './runtime.ts';
export type { Receipt, ReleaseOptions, Run, SendOptions } from './run.ts';
export type { ListQuery, Metadata, RunInfo } from './run-info.ts';
export type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
export type { CheckpointCause, Definition } from './checkpoint/envelope.ts';
export type { CustomType } from './checkpoint/custom-type.ts';
export type { Migrate } from './open-run.ts';
export type { Durability } from './turn-log.ts';
export type { StoredDelay } from './xstate/capture.ts';
export type { Clock } from './xstate/delays.ts';
export type { DelayInfo, DelayPolicies, DelayPolicy } from './xstate/restore.ts';
export type { RunStatus, Store } from './store.ts';
export {
  CheckpointNotFoundError,
  ConflictError,
  CorruptCheckpointError,
  EventNotAcceptedError,
  FencedError,
  IncompatibleMachineError,
  InputClosedError,
  InputExpiredError,
  InterruptedError,
  InvalidArgumentError,
  InvalidInputError,
  InvalidTokenError,
  JournalMismatchError,
  MachineNotRegisteredError,
  NotRestorableError,
  NotSerializableError,
  RunClosedError,
  RunExistsError,
  RunLockedError,
  RunNotFoundError,
  SavepointError,
  StepTimeoutError,
  StoreError,
  UnsupportedXStateError,
} from './errors.ts';
export type { InputIssue } from './errors.ts';
