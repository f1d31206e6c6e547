/** What comes from outside is checked by its schema. */
import type { StandardSchema } from '../../../src/index.ts';
import { WorkflowError } from '../errors.ts';
import type { Plan } from './plan.ts';

/** The value as its schema gives it; `undefined` where it does not take it. A schema may not be asynchronous here. */
export function take(
  schema: StandardSchema | undefined,
  value: unknown,
): { readonly value: unknown } | undefined {
  if (!schema) return { value };
  const result = schema['~standard'].validate(value);
  if ('then' in result)
    throw new WorkflowError('WORKFLOW_INPUT', 'The schema of an input or an event cannot be asynchronous.');
  return result.issues ? undefined : { value: result.value };
}

/** What a flow is started with, as its schema gives it. Throws `WorkflowError` where that does not take it. */
export function checkInput(flow: string, schema: StandardSchema | undefined, given: unknown): unknown {
  const taken = take(schema, given);
  if (taken) return taken.value;
  const result = schema!['~standard'].validate(given);
  const issues = 'issues' in result && result.issues ? result.issues : [];
  const said = issues.map(({ message, path = [] }) =>
    [...path.map((key) => String(typeof key === 'object' ? key.key : key)), message].join(': '),
  );
  throw new WorkflowError(
    'WORKFLOW_INPUT',
    `The workflow '${flow}' does not take this input: ${said.join('; ')}.`,
  );
}

/** Is it the event that a node waits for, and has it the key that the node was given? */
export function fits(
  { event, key, schema }: Plan,
  given: { readonly type: string },
  wanted: unknown,
): boolean {
  if (given.type !== event) return false;
  if (key !== undefined && (given as Readonly<Record<string, unknown>>)[key] !== wanted) return false;
  return take(schema, given) !== undefined;
}
