/**
 * What reads from a store: opening, listing, history. Loaded when it is first needed, so that a page which
 * starts a run is not kept waiting for it.
 */
export { readCheckpoint, readHistory } from './history.ts';
export { listRuns } from './listing.ts';
export { Follower } from './follow/follower.ts';
export { openRun, viewRun } from './run/open-run.ts';
