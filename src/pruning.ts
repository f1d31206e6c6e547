/** What prunes. Loaded when it is needed. */
export { KeepingUp } from './prune/keeping-up.ts';
export { Prune } from './prune/prune.ts';
