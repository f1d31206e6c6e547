/** What of an agent has spans, and how they are described. */
import { SpanKind } from '@opentelemetry/api';
import type { Actor, AnyActorRef, AnyStateMachine } from 'xstate';
import { parentOf } from '../../../src/index.ts';
import { modelOf } from '../model/ask-model.ts';
import { TOOL_CALL } from '../tools/tool-call-machine.ts';
import type { ToolCall } from '../tools/tool.ts';

export type Kind = 'agent' | 'model' | 'tool';

export function rootOf(actor: AnyActorRef): AnyActorRef {
  const parent = parentOf(actor);
  return parent ? rootOf(parent) : actor;
}

const machineOf = (actor: AnyActorRef): AnyStateMachine | undefined => {
  const logic: unknown = (actor as Partial<Actor<AnyStateMachine>>).logic;
  return typeof logic === 'object' && logic !== null && 'implementations' in logic
    ? (logic as AnyStateMachine)
    : undefined;
};

export const valueOf = (actor: AnyActorRef | undefined): unknown =>
  (actor?.getSnapshot() as { readonly value?: unknown } | undefined)?.value;

/** What an actor is, of what has spans. */
export function kindOf(actor: AnyActorRef): Kind | undefined {
  const machine = machineOf(actor);
  if (machine) return modelOf(machine) === undefined ? workOf(actor) : 'agent';
  const above = machineOf(parentOf(actor) ?? actor);
  if (actor.id === 'model' && above && modelOf(above) !== undefined) return 'model';
  return workOf(actor);
}

const workOf = (actor: AnyActorRef): 'tool' | undefined => {
  const parent = parentOf(actor);
  return actor.id === 'work' && parent && machineOf(parent)?.id === TOOL_CALL ? 'tool' : undefined;
};

export function described(
  actor: AnyActorRef,
  kind: Kind,
): {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Record<string, string>;
} {
  if (kind === 'agent') {
    const { id } = machineOf(actor)!;
    return {
      name: `invoke_agent ${id}`,
      kind: SpanKind.INTERNAL,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': id },
    };
  }
  if (kind === 'model') {
    const model = modelOf(machineOf(parentOf(actor)!)!)!;
    const name = typeof model === 'string' ? model : model.modelId;
    const provider = typeof model === 'string' ? undefined : model.provider.split('.')[0];
    return {
      name: `chat ${name}`,
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': name,
        ...(provider !== undefined && { 'gen_ai.provider.name': provider }),
      },
    };
  }
  const { call } = (parentOf(actor)!.getSnapshot() as { readonly context: { readonly call: ToolCall } })
    .context;
  return {
    name: `execute_tool ${call.toolName}`,
    kind: SpanKind.INTERNAL,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': call.toolName,
      'gen_ai.tool.call.id': call.toolCallId,
      'gen_ai.tool.type': 'function',
    },
  };
}
