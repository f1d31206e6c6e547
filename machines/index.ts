/**
 * Ready-made machines.
 *
 * @module
 */
export { WorkflowError } from './workflow/errors.ts';
export type { WorkflowErrorCode } from './workflow/errors.ts';
export { workflow } from './workflow/workflow.ts';
export type { WorkflowMachine, WorkflowOptions } from './workflow/workflow.ts';
export { nodeStates } from './workflow/node-states.ts';
export type { NodeQuestion, NodeState } from './workflow/node-states.ts';
export { progress } from './workflow/progress.ts';
export type { Progress } from './workflow/progress.ts';
export type { NodeStatus } from './workflow/run/record.ts';
export type { WorkflowSource } from './workflow/run/state-of.ts';
export type { GraphShape, JoinMode, NodeShape, NodeType } from './workflow/graph/definition.ts';
export { workflowFromJSON, workflowToJSON } from './workflow/json/from-json.ts';
export type { NodeDefinition, WorkflowDefinition } from './workflow/json/definition.ts';
export { workflowSchema } from './workflow/json/format.ts';
export type { Registries } from './workflow/json/registries.ts';
export { toMermaid } from './workflow/mermaid/to-mermaid.ts';
export type { MermaidOptions } from './workflow/mermaid/to-mermaid.ts';
export { retryNode } from './workflow/retry-node.ts';
