/** What is wrong with a workflow, or went wrong in one. */
import { SavepointError } from '../../src/index.ts';

/**
 * Stable, for programs.
 *
 * Of a definition: `WORKFLOW_DEFINITION` (it is not written as one), `WORKFLOW_FORMAT` (a newer format),
 * `WORKFLOW_NODE_ID`, `WORKFLOW_NODE_TWICE`, `WORKFLOW_UNKNOWN_DEPENDENCY`, `WORKFLOW_CYCLE`, `WORKFLOW_UNREACHABLE`,
 * `WORKFLOW_UNKNOWN_NAME` (a task, guard, function or schema that is not registered), `WORKFLOW_NOT_DATA` (it has
 * functions, and so cannot become JSON).
 *
 * Of a run: `WORKFLOW_INPUT` (its input does not fit), `WORKFLOW_NODE_FAILED` (the flow failed by this node),
 * `WORKFLOW_UNDO_FAILED` (and what was to be undone could not be), `WORKFLOW_NO_ROUTE`, `WORKFLOW_NOT_A_LIST`,
 * `WORKFLOW_JOIN_NOT_MET`, `WORKFLOW_LOOP_LIMIT`, `WORKFLOW_TIMEOUT`, `WORKFLOW_NOT_CACHEABLE`, `WORKFLOW_NO_NODE`.
 */
export type WorkflowErrorCode =
  | 'WORKFLOW_DEFINITION'
  | 'WORKFLOW_FORMAT'
  | 'WORKFLOW_NODE_ID'
  | 'WORKFLOW_NODE_TWICE'
  | 'WORKFLOW_UNKNOWN_DEPENDENCY'
  | 'WORKFLOW_CYCLE'
  | 'WORKFLOW_UNREACHABLE'
  | 'WORKFLOW_UNKNOWN_NAME'
  | 'WORKFLOW_NOT_DATA'
  | 'WORKFLOW_INPUT'
  | 'WORKFLOW_NODE_FAILED'
  | 'WORKFLOW_UNDO_FAILED'
  | 'WORKFLOW_NO_ROUTE'
  | 'WORKFLOW_NOT_A_LIST'
  | 'WORKFLOW_JOIN_NOT_MET'
  | 'WORKFLOW_LOOP_LIMIT'
  | 'WORKFLOW_TIMEOUT'
  | 'WORKFLOW_NOT_CACHEABLE'
  | 'WORKFLOW_NO_NODE';

/** A workflow is not written as it must be, or one of its nodes failed. */
export class WorkflowError extends SavepointError {
  declare readonly code: WorkflowErrorCode;
  /** Of a flow that failed: the nodes whose work was undone, where there are any. */
  declare readonly undone?: readonly string[];

  constructor(
    code: WorkflowErrorCode,
    message: string,
    /** The id of the node that it is about, where it is about one. */
    readonly node?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
