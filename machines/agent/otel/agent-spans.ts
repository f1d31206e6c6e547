/** Spans of what agents do, by the GenAI conventions of OpenTelemetry. */
import {
  ROOT_CONTEXT,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import type { Actor, AnyActorRef, AnyStateMachine, InspectionEvent, Snapshot } from 'xstate';
import { parentOf } from '../../../src/index.ts';
import type { FailedCall } from '../model/ask-model.ts';
import { modelOf } from '../model/ask-model.ts';
import type { Heard } from '../model/heard.ts';
import { TOOL_CALL } from '../tools/tool-call-machine.ts';
import type { ToolCall } from '../tools/tool.ts';
import { traceOf } from './trace-id.ts';

/** How spans are made. */
export interface AgentSpansOptions {
  /** Default: that of the global provider, with the name `savepoint`. */
  readonly tracer?: Tracer;
}

/**
 * Makes an observer for `inspect` of a runtime, or of a bare actor: it makes a span of each stretch in which an agent works
 * (`invoke_agent`), of each model call (`chat`, with its tokens) and of each tool call (`execute_tool`). All spans of a run
 * are of one trace, also over restarts: its id is made of the run's id. The time that people take is in no span.
 *
 * @example
 * import { agentSpans } from 'savepoint/machines/agent/otel';
 * const runtime = createRuntime({ store, machines: [assistant], inspect: agentSpans() });
 */
export function agentSpans({ tracer = trace.getTracer('savepoint') }: AgentSpansOptions = {}): (
  event: InspectionEvent,
) => void {
  const spans = new Spans(tracer);
  return (event) => {
    const actor = event.actorRef as AnyActorRef;
    if (event.type === '@xstate.actor') spans.began(actor);
    else if (event.type === '@xstate.snapshot') spans.changed(actor, event.snapshot);
  };
}

type Kind = 'agent' | 'model' | 'tool';

class Spans {
  readonly #tracer: Tracer;
  readonly #starts = new WeakMap<object, number>();
  readonly #open = new WeakMap<object, Span>();
  /** Agents whose stretch of work is about to end. */
  readonly #resting = new WeakSet<object>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  began(actor: AnyActorRef): void {
    if (kindOf(actor) !== undefined) this.#starts.set(actor, Date.now());
  }

  changed(actor: AnyActorRef, snapshot: Snapshot<unknown>): void {
    const kind = kindOf(actor);
    if (kind === 'agent') this.#agentChanged(actor, snapshot);
    else if (kind !== undefined && snapshot.status !== 'active') this.#end(actor, kind, snapshot);
  }

  #agentChanged(agent: AnyActorRef, snapshot: Snapshot<unknown>): void {
    const { value, context } = snapshot as { value?: unknown; context?: { readonly failure?: unknown } };
    const works = value === 'thinking' || value === 'callingTools' || value === 'answering';
    if (works && snapshot.status === 'active') {
      this.#resting.delete(agent);
      if (!this.#starts.has(agent)) this.#starts.set(agent, Date.now());
      return;
    }
    if (this.#resting.has(agent)) return;
    this.#resting.add(agent);
    const endTime = Date.now();
    // XState tells of a model that is done after it has told of the agent that heard it.
    queueMicrotask(() => {
      if (!this.#resting.delete(agent)) return;
      const span = this.#open.get(agent);
      if (span && value === 'failed') fails(span, context?.failure);
      span?.end(endTime);
      // What it does next is another stretch.
      this.#open.delete(agent);
      this.#starts.delete(agent);
    });
  }

  #end(actor: AnyActorRef, kind: 'model' | 'tool', snapshot: Snapshot<unknown>): void {
    const { status, output, error } = snapshot;
    // Nobody waits for what a stopped one comes to, and a question is not work.
    if (status === 'stopped' || (kind === 'tool' && valueOf(parentOf(actor)) === 'waitingForInput')) return;
    const span = this.#spanOf(actor, kind);
    if (kind === 'model' && output !== undefined) says(span, output as Heard | FailedCall);
    if (status === 'error') fails(span, error);
    span.end();
    this.#open.delete(actor);
  }

  /** The span of an actor, made when it is first needed. */
  #spanOf(actor: AnyActorRef, kind: Kind): Span {
    const known = this.#open.get(actor);
    if (known) return known;
    const { name, attributes, kind: spanKind } = described(actor, kind);
    const span = this.#tracer.startSpan(
      name,
      {
        kind: spanKind,
        attributes: { ...attributes, 'gen_ai.conversation.id': rootOf(actor).id },
        startTime: this.#starts.get(actor) ?? Date.now(),
      },
      this.#above(actor),
    );
    this.#open.set(actor, span);
    return span;
  }

  /** The context of the span that it belongs to. */
  #above(actor: AnyActorRef): Context {
    for (let above = parentOf(actor); above; above = parentOf(above)) {
      const kind = kindOf(above);
      if (kind !== undefined) return trace.setSpan(ROOT_CONTEXT, this.#spanOf(above, kind));
    }
    const { traceId, spanId } = traceOf(rootOf(actor).id);
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
  }
}

function rootOf(actor: AnyActorRef): AnyActorRef {
  const parent = parentOf(actor);
  return parent ? rootOf(parent) : actor;
}

const machineOf = (actor: AnyActorRef): AnyStateMachine | undefined => {
  const logic: unknown = (actor as Partial<Actor<AnyStateMachine>>).logic;
  return typeof logic === 'object' && logic !== null && 'implementations' in logic
    ? (logic as AnyStateMachine)
    : undefined;
};

const valueOf = (actor: AnyActorRef | undefined): unknown =>
  (actor?.getSnapshot() as { readonly value?: unknown } | undefined)?.value;

/** What an actor is, of what has spans. */
function kindOf(actor: AnyActorRef): Kind | undefined {
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

function described(
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

function says(span: Span, heard: Heard | FailedCall): void {
  if ('error' in heard) {
    fails(span, heard.error);
    return;
  }
  const { usage, finishReason, modelId, id } = heard;
  span.setAttributes({
    'gen_ai.response.id': id,
    'gen_ai.response.model': modelId,
    'gen_ai.response.finish_reasons': [finishReason],
    ...(usage?.inputTokens !== undefined && { 'gen_ai.usage.input_tokens': usage.inputTokens }),
    ...(usage?.outputTokens !== undefined && { 'gen_ai.usage.output_tokens': usage.outputTokens }),
  });
}

function fails(span: Span, error: unknown): void {
  const {
    code,
    name = 'Error',
    message = String(error),
  } = (error ?? {}) as Partial<Error> & { code?: unknown };
  span.setAttribute('error.type', typeof code === 'string' ? code : name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
