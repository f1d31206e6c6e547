/** What comes from outside is checked by its schema. */
import type { StandardSchema } from '../../../src/index.ts';
import { WorkflowError } from '../errors.ts';
import { saidBy } from './kept-error.ts';
import type { Plan } from './plan.ts';

type Issues = Extract<
  Awaited<ReturnType<StandardSchema['~standard']['validate']>>,
  { issues: object }
>['issues'];

/** What a schema makes of a value, or why it does not take it. It may not be asynchronous here. */
function judged(
  schema: StandardSchema,
  value: unknown,
): { readonly value: unknown } | { readonly issues: Issues } {
  try {
    const result = schema['~standard'].validate(value);
    if (!('then' in result)) return result.issues ? { issues: result.issues } : { value: result.value };
    // Some libraries try one that throws a second time, as an asynchronous one.
    result.then(undefined, () => {});
    return { issues: [{ message: 'its schema threw, or is asynchronous, which it cannot be here' }] };
  } catch (error) {
    return { issues: [{ message: `its schema threw: ${saidBy(error)}` }] };
  }
}

/** The value as its schema gives it; `undefined` where it does not take it. */
export function take(
  schema: StandardSchema | undefined,
  value: unknown,
): { readonly value: unknown } | undefined {
  if (!schema) return { value };
  const result = judged(schema, value);
  return 'issues' in result ? undefined : result;
}

/** What a flow is started with, as its schema gives it. Throws `WorkflowError` where that does not take it. */
export function checkInput(flow: string, schema: StandardSchema | undefined, given: unknown): unknown {
  if (!schema) return given;
  const result = judged(schema, given);
  if (!('issues' in result)) return result.value;
  const said = Array.from(result.issues, ({ message, path = [] }) =>
    [...path.map((key) => String(typeof key === 'object' ? key.key : key)), message].join(': '),
  );
  throw new WorkflowError(
    'WORKFLOW_INPUT',
    `The workflow '${flow}' does not take this input: ${said.join('; ')}.`,
  );
}

/** The event that a node waits for, as its schema gives it; `undefined`: it is another, or has not the key that the node was given. */
export function taken(
  { event, key, schema }: Plan,
  given: { readonly type: string },
  wanted: unknown,
): { readonly value: unknown } | undefined {
  if (given.type !== event) return undefined;
  if (key !== undefined && (given as Readonly<Record<string, unknown>>)[key] !== wanted) return undefined;
  return take(schema, given);
}
