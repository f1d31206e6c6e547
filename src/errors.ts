/**
 * The errors of Savepoint. Codes are part of the API and never change; messages may.
 *
 * @module
 */

const marker = Symbol.for('savepoint.error');

/** The base of every error that Savepoint throws on purpose. */
export class SavepointError extends Error {
  /** Stable, for programs: `RUN_NOT_FOUND`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, marker, { value: true });
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
  }

  /** True for errors of this package, also where two copies of it are loaded. */
  static isInstance(error: unknown): error is SavepointError {
    return typeof error === 'object' && error !== null && marker in error;
  }
}

/** A call was given something that it can never take: an empty run id, an event that is no object. */
export class InvalidArgumentError extends SavepointError {
  constructor(message: string) {
    super('INVALID_ARGUMENT', message);
  }
}

/** No run has this id. */
export class RunNotFoundError extends SavepointError {
  constructor(readonly run: string) {
    super('RUN_NOT_FOUND', `There is no run '${run}'. runtime.start() makes one.`);
  }
}

/** The id is taken, or belonged to a run that was deleted not long ago. */
export class RunExistsError extends SavepointError {
  constructor(
    readonly run: string,
    message: string = `The run id '${run}' is taken, or was until its run was deleted. Open it, ensure() it, or choose another id.`,
  ) {
    super('RUN_EXISTS', message);
  }
}

/** Another process, or another runtime in this one, holds the run. */
export class RunLockedError extends SavepointError {
  constructor(
    readonly run: string,
    /** Who holds it, as far as the store knows. */
    readonly holder: string,
    /** When its lease ends unless it is renewed. */
    readonly until: Date,
  ) {
    super(
      'RUN_LOCKED',
      `The run '${run}' is held by ${holder} until ${until.toISOString()}, and longer if that is renewed. ` +
        `Release it there, or wait: runtime.open('${run}', { wait: 30_000 }).`,
    );
  }
}

/** The run is running here, and cannot be taken back to an earlier checkpoint meanwhile. */
export class RunRunningError extends SavepointError {
  constructor(readonly run: string) {
    super(
      'RUN_RUNNING',
      `The run '${run}' is running. Wait until it is settled(), or release() it first; it is as it was.`,
    );
  }
}

/** Another writer committed a checkpoint of this run first. The run is closed here. */
export class ConflictError extends SavepointError {
  constructor(
    readonly run: string,
    readonly seq: number,
  ) {
    super(
      'CONFLICT',
      `Another writer took run '${run}' on from seq ${seq}. Nothing was written here; open it again.`,
    );
  }
}

/** The run was taken over by another owner. The run is closed here. */
export class FencedError extends SavepointError {
  constructor(readonly run: string) {
    super(
      'FENCED',
      `Another owner took over run '${run}' when the lease was not renewed. What was not committed is dropped; open it again.`,
    );
  }
}

/** A run that is released, at its end, deleted or closed by an error cannot do what was asked. */
export class RunClosedError extends SavepointError {
  constructor(
    readonly run: string,
    /** Why it is closed, as part of a sentence: `was released`. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super('RUN_CLOSED', `The run '${run}' ${reason}.`, options);
  }
}

/** The run does not take this event in its present state (only with `{ required: true }`). */
export class EventNotAcceptedError extends SavepointError {
  constructor(
    readonly run: string,
    readonly event: string,
    /** The event descriptors that its active states have. */
    readonly accepted: readonly string[],
  ) {
    super(
      'EVENT_NOT_ACCEPTED',
      `The run '${run}' does not take the event '${event}' now. It takes: ${accepted.join(', ') || 'nothing'}.`,
    );
  }
}

/** A value cannot be stored. The turn that produced it was refused; the run is as it was before. */
export class NotSerializableError extends SavepointError {
  constructor(
    /** The path of the actor from the root, `''` for the root itself. */
    readonly actor: string,
    /** Where in the actor's state: `context.items[2].done`. */
    readonly path: string,
    /** What it is and what to do instead. */
    readonly hint: string,
  ) {
    super(
      'NOT_SERIALIZABLE',
      `Cannot store ${path} of ${actor === '' ? 'the root actor' : `actor '${actor}'`}: ${hint}`,
    );
  }
}

/** The state of a run has become larger than `limits.snapshotBytes`. The turn was refused. */
export class SnapshotTooLargeError extends SavepointError {
  constructor(
    readonly run: string,
    /** How many bytes its checkpoint would have. */
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(
      'SNAPSHOT_TOO_LARGE',
      `The state of run '${run}' would have ${bytes} bytes, and limits.snapshotBytes is ${limit}; the run is as it was ` +
        'before. Keep large values elsewhere, or as binary values, which are stored apart.',
    );
  }
}

/** XState could not bring this actor, or this reference to one, back. The turn that made it was refused. */
export class NotRestorableError extends SavepointError {
  constructor(
    /** The path of the actor from the root, `''` for the root itself. */
    readonly actor: string,
    /** What it is and how to write it. */
    readonly hint: string,
  ) {
    super(
      'NOT_RESTORABLE',
      `${actor === '' ? 'The root actor' : `Actor '${actor}'`} could not be restored: ${hint}`,
    );
  }
}

/** The run's machine is not known to this runtime. */
export class MachineNotRegisteredError extends SavepointError {
  constructor(
    readonly run: string,
    readonly machine: string,
    readonly registered: readonly string[],
  ) {
    super(
      'MACHINE_NOT_REGISTERED',
      `The run '${run}' needs the machine '${machine}'; known here: ${registered.join(', ') || 'none'}. ` +
        `Pass it to createRuntime({ machines }) or runtime.open(machine, id).`,
    );
  }
}

/** The machine has lost something that the run stands on. The run stays as it was. */
export class IncompatibleMachineError extends SavepointError {
  constructor(
    readonly run: string,
    readonly machine: string,
    /** What is gone, one line each: `state 'review' of the root actor`. */
    readonly missing: readonly string[],
  ) {
    super(
      'INCOMPATIBLE_MACHINE',
      `The run '${run}' cannot go on with this machine '${machine}'. Missing: ${missing.join('; ')}. ` +
        `Register the version that wrote it too, or give createRuntime({ migrate }).`,
    );
  }
}

/** A stored checkpoint cannot be read. Earlier ones may be. */
export class CorruptCheckpointError extends SavepointError {
  constructor(
    readonly run: string,
    readonly seq: number,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      'CORRUPT_CHECKPOINT',
      `The checkpoint ${seq} of run '${run}' is damaged: ${reason}. runtime.checkpoint() reads earlier ones.`,
      options,
    );
  }
}

/** No checkpoint has this seq, or it is no longer kept. */
export class CheckpointNotFoundError extends SavepointError {
  constructor(
    readonly run: string,
    readonly seq: number,
  ) {
    super(
      'CHECKPOINT_NOT_FOUND',
      `The run '${run}' keeps no checkpoint ${seq}. history() lists those that it keeps.`,
    );
  }
}

/** The store failed. `outcome` tells whether something may have been written. */
export class StoreError extends SavepointError {
  constructor(
    message: string,
    /** `failed`: nothing was written. `unknown`: it may have been. */
    readonly outcome: 'failed' | 'unknown',
    options?: ErrorOptions,
  ) {
    super('STORE', message, options);
  }
}

/** A record of a sealed store is under a key that was not given. Nothing was changed. */
export class WrongKeyError extends StoreError {
  override readonly code: string = 'WRONG_KEY';

  constructor(
    readonly run: string,
    /** Which record, as part of a sentence: `The head of run 'r-42'`. */
    readonly record: string,
    /** The id of the key that it was sealed with. */
    readonly keyId: string,
    /** The ids of the keys that were given. */
    readonly known: readonly string[],
  ) {
    super(
      `${record} is sealed with the key ${keyId}, and these were given: ${known.join(', ')}. ` +
        'Pass its secret too: sealed(store, { key, keys: [older] }).',
      'failed',
    );
  }
}

/** The XState that is installed lacks something that Savepoint needs. */
export class UnsupportedXStateError extends SavepointError {
  constructor(readonly missing: string) {
    super(
      'UNSUPPORTED_XSTATE',
      `This copy of XState has no ${missing}. Install another: npm install xstate@5.`,
    );
  }
}

/** Something that a schema has to say against a value: Standard Schema's issue. */
export interface InputIssue {
  readonly message: string;
  /** The keys that lead to it, from the answer on. */
  readonly path?: readonly (string | number)[] | undefined;
}

/** An answer that its question does not take. It changed nothing; the question is still open. */
export class InvalidInputError extends SavepointError {
  constructor(
    /** The question's id. */
    readonly input: string,
    readonly issues: readonly InputIssue[],
    options?: ErrorOptions,
  ) {
    const said = issues.map(({ message, path = [] }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    );
    super('INVALID_INPUT', `The question '${input}' does not take this answer: ${said.join('; ')}.`, options);
  }
}

/** The question is closed: somebody answered first, its deadline passed, or its run went on without it. */
export class InputClosedError extends SavepointError {
  constructor(
    /** The question's id. */
    readonly input: string,
    readonly reason: 'answered' | 'expired' | 'withdrawn',
    /** Who answered, where that was said. */
    readonly by: string | undefined,
    /** When it was closed. */
    readonly at: Date,
  ) {
    const who = reason === 'answered' && by !== undefined ? ` by ${by}` : '';
    super('INPUT_CLOSED', `The question '${input}' was ${reason}${who} at ${at.toISOString()}.`);
  }
}

/** Nobody answered before the deadline, and the question has no default. The actor that asked fails with it. */
export class InputExpiredError extends SavepointError {
  constructor(
    /** The question's id. */
    readonly input: string,
    readonly deadline: Date,
  ) {
    super('INPUT_EXPIRED', `Nobody answered the question '${input}' before ${deadline.toISOString()}.`);
  }
}

/** An effect was cut off, by a crash or a release, and its policy is not to run again. */
export class InterruptedError extends SavepointError {
  constructor(readonly effectId: string) {
    super(
      'INTERRUPTED',
      `The effect '${effectId}' was cut off before it ended; whether it did its work is not known.`,
    );
  }
}

/** The code of a durable function has changed, and what is journaled of it no longer fits. */
export class JournalMismatchError extends SavepointError {
  constructor(
    readonly effectId: string,
    /** The step that the journal has next. */
    readonly expected: string,
    /** The step that the function came to; `undefined`: it came to its end. */
    readonly came: string | undefined,
  ) {
    super(
      'JOURNAL_MISMATCH',
      `The journal of the effect '${effectId}' has the step '${expected}' next, and the function came to ` +
        `${came === undefined ? 'its end' : `the step '${came}'`}. Bring the old order of steps back, or let runs like this one end on the old code.`,
    );
  }
}

/** A step took longer than its timeout. Its signal is aborted. */
export class StepTimeoutError extends SavepointError {
  constructor(
    readonly step: string,
    /** In milliseconds. */
    readonly timeout: number,
  ) {
    super('STEP_TIMEOUT', `The step '${step}' took longer than ${timeout} ms.`);
  }
}

/** A token does not let its bearer answer. */
export class InvalidTokenError extends SavepointError {
  constructor(readonly reason: 'malformed' | 'altered' | 'expired' | 'other question') {
    const why = {
      malformed: 'is not one that signInput() made',
      altered: 'was altered, or was signed with another key',
      expired: 'has expired; sign another one',
      'other question': 'is for another question',
    }[reason];
    super('INVALID_TOKEN', `The token ${why}.`);
  }
}
