/** What a person is asked before a tool is called, and what they may answer. */
import { asSchema, type FlexibleSchema } from 'ai';
import type { InputQuestion, StandardSchema } from '../../../src/index.ts';
import type { Approval, ApprovalPolicy, ToolCall } from './tool.ts';

/** What may be answered where a tool call waits to be approved. */
export type ApprovalAnswer =
  | {
      readonly approve: true;
      /** Other arguments, in place of the model's. */
      readonly input?: unknown;
      /** Nobody is asked about this tool again in this run. */
      readonly remember?: boolean;
    }
  | {
      readonly approve: false;
      /** The model is told. */
      readonly reason?: string;
    };

interface Issue {
  readonly message: string;
  readonly path?: readonly PropertyKey[];
}

const message =
  'it is { approve: true, input?: other arguments, remember?: boolean } or { approve: false, reason?: text }';

function issuesOf(given: unknown): readonly Issue[] {
  const answer = (typeof given === 'object' && given !== null ? given : {}) as Readonly<
    Record<string, unknown>
  >;
  const { approve, reason, remember } = answer;
  if (typeof approve !== 'boolean') return [{ message, path: ['approve'] }];
  if (reason !== undefined && typeof reason !== 'string') return [{ message, path: ['reason'] }];
  if (remember !== undefined && typeof remember !== 'boolean') return [{ message, path: ['remember'] }];
  return [];
}

/** Checks answers, and the arguments in them by the schema of the tool. */
export const approvalSchema = (inputSchema: FlexibleSchema): StandardSchema<unknown, ApprovalAnswer> => ({
  '~standard': {
    version: 1,
    vendor: 'savepoint',
    validate: (given) => {
      const issues = issuesOf(given);
      if (issues.length > 0) return { issues };
      const answer = given as ApprovalAnswer;
      if (!answer.approve || answer.input === undefined) return { value: answer };
      const { validate } = asSchema(inputSchema);
      return validate ? checked(answer, validate(answer.input)) : { value: answer };
    },
    jsonSchema: {
      input: () => ({
        type: 'object',
        properties: {
          approve: { type: 'boolean' },
          input: { description: 'Other arguments, in place of those that the model gave.' },
          remember: { type: 'boolean', description: 'Do not ask about this tool again in this run.' },
          reason: { type: 'string', description: 'Why not.' },
        },
        required: ['approve'],
      }),
    },
  },
});

type Validated =
  | { readonly success: true; readonly value: unknown }
  | { readonly success: false; readonly error: Error };
type Checked = { readonly value: ApprovalAnswer } | { readonly issues: readonly Issue[] };

/** Most schemas tell at once; one that does not makes the answer wait. */
function checked(
  answer: ApprovalAnswer,
  validated: Validated | PromiseLike<Validated>,
): Checked | Promise<Checked> {
  if ('then' in validated) return Promise.resolve(validated).then((result) => checked(answer, result));
  return validated.success
    ? { value: { ...answer, input: validated.value } as ApprovalAnswer }
    : { issues: [{ message: validated.error.message, path: ['input'] }] };
}

/** What a policy says, however it was written; `undefined`: nobody is asked. */
export function policyOf(approval: Approval<never> | undefined): ApprovalPolicy | undefined {
  if (approval === undefined || approval === false) return undefined;
  if (approval === true) return {};
  return (typeof approval === 'function' ? { when: approval } : approval) as ApprovalPolicy;
}

/** The question about a call. */
export function approvalQuestion(policy: ApprovalPolicy, call: ToolCall, now: number): InputQuestion {
  const { prompt = `May '${call.toolName}' be called?`, assignee, within } = policy;
  const who = typeof assignee === 'function' ? assignee(call) : assignee;
  return {
    prompt: typeof prompt === 'function' ? prompt(call) : prompt,
    details: call,
    ...(who !== undefined && { assignee: who }),
    ...(within !== undefined && { deadline: now + within }),
  };
}
