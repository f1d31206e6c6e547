/**
 * Durable XState actors.
 *
 * @module
 */
export { createRuntime, durable } from './runtime.ts';
export type { Runtime } from './runtime.ts';
export type {
  CancelOptions,
  ForkOptions,
  Limits,
  OpenOptions,
  PauseOptions,
  ReleaseOptions,
  RetryRunOptions,
  RuntimeOptions,
  StartOptions,
} from './runtime-options.ts';
export { currentEffect } from './effects/ambient.ts';
export type { CurrentEffect } from './effects/ambient.ts';
export type { DurableArgs, Step, StepArgs, StepOptions } from './effects/durable-function.ts';
export { fromDurable } from './effects/from-durable.ts';
export type { DurableOptions } from './effects/from-durable.ts';
export { onInterrupt } from './effects/policy.ts';
export type { InterruptPolicy } from './effects/policy.ts';
export { isStepProgress } from './effects/progress.ts';
export type { StepProgress } from './effects/progress.ts';
export { checkRetry, retryDelay } from './effects/retry.ts';
export type { RetryOptions } from './effects/retry.ts';
export { sendToRun } from './effects/send-to-run.ts';
export type { SendToRunAction } from './effects/send-to-run.ts';
export type { AnswerOptions } from './input/answers.ts';
export { inputRequest } from './input/input-request.ts';
export type { InputQuestion, InputRequestOptions } from './input/input-request.ts';
export type { LinkKey } from './input/link-key.ts';
export { signInput, verifyInput } from './input/links.ts';
export type { QuestionRef, SignOptions, VerifiedInput, VerifyOptions } from './input/links.ts';
export type { InputQuery } from './input/list-inputs.ts';
export type { PendingInput } from './input/pending-input.ts';
export type { InputRecord } from './input/record-of.ts';
export type { AnswerRecord, RecordStatus } from './input/records.ts';
export type { InferAnswer, StandardSchema } from './input/schema.ts';
export type { InputEvent } from './input/watch-inputs.ts';
export type { Keeping, PrunePolicy, PruneReport, Retention, RunRetention } from './prune/retention.ts';
export type { Follower } from './follow/follower.ts';
export type { Receipt } from './run/receipt.ts';
export type { RecoverOptions, RecoveryReport } from './recovery/recovery.ts';
export type { Run } from './run.ts';
export type { SendOptions } from './run/told.ts';
export type { StateQuestion } from './xstate/asking.ts';
export { migrateStore } from './migrate-store/migrate-store.ts';
export type { MigrateOptions, MigrationReport, ProgressStream } from './migrate-store/migrate-options.ts';
export { sealed } from './sealed/sealed.ts';
export type { SealedOptions } from './sealed/sealed.ts';
export type { Secret } from './secret.ts';
export type { ForkedFrom, ListQuery, Metadata, Paused, RunInfo } from './run/run-info.ts';
export type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
export type { CheckpointCause, Definition } from './checkpoint/envelope.ts';
export type { CustomType } from './checkpoint/custom-type.ts';
export type { Migrate } from './run/open-run.ts';
export type { Durability } from './turns/turn-log.ts';
export type { StoredDelay } from './xstate/capture.ts';
export type { Clock } from './xstate/delays.ts';
export { parentOf } from './xstate/parent-of.ts';
export type { DelayInfo, DelayPolicies, DelayPolicy } from './xstate/restore.ts';
export type { Engine, Work, Worked, Working } from './worker/engine.ts';
export { polling } from './worker/polling.ts';
export { createWorker } from './worker/worker.ts';
export type { Worker, WorkerOptions } from './worker/worker.ts';
export type {
  Acquired,
  Awaitable,
  CheckpointRow,
  CheckpointSummary,
  Enqueued,
  Head,
  HistoryScan,
  Message,
  Outcome,
  Question,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  RunScan,
  RunStatus,
  Store,
  StoreCapabilities,
  StoredQuestion,
  StoredRun,
} from './store.ts';
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
  SnapshotTooLargeError,
  RunClosedError,
  RunExistsError,
  RunLockedError,
  RunNotFoundError,
  RunRunningError,
  SavepointError,
  StepTimeoutError,
  StoreError,
  UnsupportedXStateError,
  WrongKeyError,
} from './errors.ts';
export type { InputIssue } from './errors.ts';
