/** What runs runs. */
import { createCodec } from './checkpoint/codec.ts';
import { Committer } from './turns/committer.ts';
import type { RunContext } from './run/run-core.ts';
import type { RuntimeContext } from './runtime-context.ts';

export { forkRun } from './fork/fork-run.ts';
export { Delivery } from './inbox/delivery.ts';
export { listInputs } from './input/list-inputs.ts';
export { readRecord } from './input/record-of.ts';
export { InputWatch } from './input/watch-inputs.ts';
export { Recovery } from './recovery/recovery.ts';
export { retryRun } from './steering/retry-run.ts';
export { RunCore } from './run/run-core.ts';
export { Steering } from './steering/steering.ts';
export { RunWork } from './worker/run-work.ts';

/** What all runs of a runtime share. */
export const completeContext = (given: RuntimeContext): RunContext => ({
  ...given,
  committer: new Committer(given.store),
  codec: createCodec({ types: given.types }),
  inline: createCodec({ types: given.types, blobBytes: Infinity }),
});
