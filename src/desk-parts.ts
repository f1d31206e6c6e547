/** What runs and runtimes have beside turns and checkpoints. Loaded with the first run, or the first call that needs it. */
export { Delivery } from './delivery.ts';
export { Desk } from './desk.ts';
export { listInputs } from './input/list-inputs.ts';
export { readRecord } from './input/record-of.ts';
export { InputWatch } from './input/watch-inputs.ts';
export { Recovery } from './recovery.ts';
export { retryRun } from './retry-run.ts';
