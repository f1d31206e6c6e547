/**
 * Ready-made machines.
 *
 * @module
 */
export { WorkflowError } from './workflow/errors.ts';
export type { WorkflowErrorCode } from './workflow/errors.ts';
export { workflow } from './workflow/workflow.ts';
export type { WorkflowMachine, WorkflowOptions } from './workflow/workflow.ts';
