/** One model call: an effect, whose outcome is a checkpoint. */
import {
  generateText,
  Output,
  wrapLanguageModel,
  type AssistantModelMessage,
  type FlexibleSchema,
  type LanguageModel,
  type ModelMessage,
  type ToolSet,
} from 'ai';
import { type AnyActorRef, type AnyStateMachine, fromPromise, type PromiseActorLogic } from 'xstate';
import { currentEffect, parentOf } from '../../../src/index.ts';
import { nowOf } from '../../workflow/run/now.ts';
import type { AgentContext } from '../run/context.ts';
import { SUMMARISE, toldMessages, toSummarise } from '../memory/summary.ts';
import { beginParts, endParts } from '../parts.ts';
import { Ending } from './ending.ts';
import { callsIn, type Heard, type HeardSummary } from './heard.ts';
import { ModelCallError, modelFailure } from './model-failure.ts';
import { Recording } from './recording.ts';
import { modelName, resolveModel, type Models } from './resolve-model.ts';
import { tellAll } from './tell-all.ts';

/** What an agent asks its model with. */
export interface Asking {
  readonly model: LanguageModel;
  readonly models: Models | undefined;
  readonly instructions: string | undefined;
  /** Without `execute`: who calls a tool is the agent. */
  readonly tools: () => Promise<ToolSet>;
  readonly output: FlexibleSchema | undefined;
  /** Settings of the AI SDK, such as `temperature`. */
  readonly settings: object;
  /** Of one call, in milliseconds. */
  readonly timeout: number;
}

/** Which call it is. The messages are not here: with them, each call's checkpoint would hold the whole chat again. */
export interface ModelInput {
  /** The number of the call in its run, from 1 on. */
  readonly call: number;
  /** The id of its message, where the call was tried before. */
  readonly id?: string;
  /** It is asked for a summary of so many messages, and for nothing else. */
  readonly summary?: number;
}

/** What a call that failed fails with. */
export interface FailedCall {
  readonly id: string;
  readonly error: ModelCallError;
}

/** Which model the logic of its calls asks. */
const models = new WeakMap<object, LanguageModel>();

/** The model of an agent; `undefined` where a machine is none. */
export function modelOf(machine: AnyStateMachine): LanguageModel | undefined {
  const logic: unknown = machine.implementations.actors['model'];
  return typeof logic === 'object' && logic !== null ? models.get(logic) : undefined;
}

/** The actor logic of a model call. Its output says whether it failed: what it fails with otherwise is a fault of ours. */
export function modelLogic(asking: Asking): PromiseActorLogic<Heard | HeardSummary | FailedCall, ModelInput> {
  const logic = fromPromise<Heard | HeardSummary | FailedCall, ModelInput>(
    async ({ input, self, signal }) => {
      const effect = currentEffect();
      const path = pathOf(self);
      const id = input.id ?? effect?.effectId ?? `${path}:${input.call}`;
      const agent = path.split('/').slice(0, -1).join('/');
      const { context } = parentOf(self)!.getSnapshot() as { readonly context: AgentContext };
      const call: Call = { id, self, signal, agent, messages: toldMessages(context) };
      const { summary: count } = input;
      try {
        if (count === undefined) return await ask(withNotes(asking, context), call);
        const { text, usage, modelId, asked } = await ask(summarising(asking), {
          ...call,
          messages: toSummarise(context, count),
          isQuiet: true,
        });
        return { id, summary: { count, text }, usage, modelId, asked };
      } catch (error) {
        // It is over, and nobody hears what it came to.
        if (signal.aborted) throw error;
        return { id, error: modelFailure(modelName(asking.model), error, nowOf(self)) };
      } finally {
        endParts(self.system, id);
      }
    },
  );
  models.set(logic, asking.model);
  return logic;
}

interface Call {
  readonly id: string;
  readonly agent: string;
  readonly self: AnyActorRef;
  readonly signal: AbortSignal;
  readonly messages: readonly ModelMessage[];
  /** Nobody hears what it says. */
  readonly isQuiet?: boolean;
}

/** The model is told which notes there are: it would look for none otherwise. */
function withNotes(asking: Asking, { notes }: AgentContext): Asking {
  const names = Object.keys(notes);
  if (names.length === 0) return asking;
  const { instructions = '' } = asking;
  return { ...asking, instructions: `${instructions}\n\nYou keep notes: ${names.join(', ')}.`.trim() };
}

/** Of a summary nothing is wanted but a text. */
const summarising = (asking: Asking): Asking => ({
  ...asking,
  instructions: SUMMARISE,
  tools: async () => ({}),
  output: undefined,
});

async function ask(asking: Asking, { id, agent, self, signal, messages, isQuiet }: Call): Promise<Heard> {
  const { instructions, output, settings, timeout } = asking;
  const tools = await asking.tools();
  const model = await resolveModel(asking.model, asking.models);
  const name = modelName(asking.model);
  // The provider streams, so that a long answer is no long silence; the pieces are told to those who listen, and the whole
  // is made of them without the many streams of `streamText`, which take several times as long as all the rest.
  const recording = new Recording();
  const recorded = wrapLanguageModel({
    model,
    middleware: { wrapGenerate: ({ doStream }) => recording.record(doStream) },
  });
  const ending = new Ending(signal, timeout);
  let telling: Promise<void> | undefined;
  const tell = (): void => {
    // Where nothing can be told any more, the call tells why.
    telling = tellAll(recording, { system: self.system, messageId: id, agent, model, tools }).catch(() => {});
  };
  if (!isQuiet) beginParts(self.system, id, tell);
  const asked = generateText({
    ...settings,
    model: recorded,
    messages: [...messages],
    ...(instructions !== undefined && { system: instructions }),
    ...(Object.keys(tools).length > 0 && { tools }),
    // Whether an answer fits is for the agent to say: it tells the model where it does not.
    ...(output !== undefined && {
      output: { ...Output.object({ schema: output }), parseCompleteOutput: async () => undefined },
    }),
    // What is tried again, too: it remembers over restarts how often.
    maxRetries: 0,
    headers: { 'idempotency-key': id },
    abortSignal: ending.signal,
  });
  const { response, toolCalls, text, usage, finishReason } = await Promise.race([asked, ending.aborted])
    .catch(async (error: unknown) => {
      recording.stop(error);
      await telling;
      signal.throwIfAborted();
      if (!ending.signal.aborted) throw error;
      const why = `The model '${name}' took longer than ${timeout} ms.`;
      throw new ModelCallError('AGENT_MODEL_TIMEOUT', why, true);
    })
    .finally(() => ending.forget());
  // Who listens has heard all of it when the message is there.
  await telling;
  const said = response.messages.find(
    (message): message is AssistantModelMessage => message.role === 'assistant',
  );
  const content = partsOf(said);
  const errors = new Map<string, string>();
  for (const call of toolCalls)
    if (call.dynamic && call.invalid) errors.set(call.toolCallId, messageOf(call.error));
  const calls = callsIn(content, errors);
  if (content.length === 0 || (calls.length === 0 && text.trim() === '' && content.every(isText)))
    throw new ModelCallError(
      'AGENT_NO_ANSWER',
      `The model '${name}' answered with nothing (${finishReason}).`,
      true,
    );
  return {
    id,
    content: plain(content),
    text,
    calls,
    usage: plain(usage),
    finishReason,
    modelId: response.modelId,
    asked: name,
  };
}

type Content = Exclude<AssistantModelMessage['content'], string>;

function partsOf(message: AssistantModelMessage | undefined): Content {
  if (message === undefined) return [];
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

const isText = ({ type }: { readonly type: string }): boolean => type === 'text';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Without members that are undefined: plain JSON is stored the fastest. Bytes stay what they are. */
function plain<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(plain) as T;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)])) as T;
}

/** The ids from the root down. Without a run, messages are named by it. */
function pathOf(actor: AnyActorRef): string {
  const parent = parentOf(actor);
  const above = parent && pathOf(parent);
  return above ? `${above}/${actor.id}` : parent ? actor.id : '';
}
