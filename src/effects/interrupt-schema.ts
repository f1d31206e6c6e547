/** What may be answered where an effect was cut off. */
import type { StandardSchema } from '../input/schema.ts';

/** It runs again, ends with an output, or fails with an `InterruptedError`. */
export type Verdict =
  | { readonly action: 'rerun' }
  | { readonly action: 'output'; readonly output?: unknown }
  | { readonly action: 'fail' };

const actions = ['rerun', 'output', 'fail'];
const message = "it is { action: 'rerun' }, { action: 'output', output } or { action: 'fail' }";

export const interruptSchema: StandardSchema<unknown, Verdict> = {
  '~standard': {
    version: 1,
    vendor: 'savepoint',
    validate: (value) =>
      actions.includes((value as Verdict | null | undefined)?.action as string)
        ? { value: value as Verdict }
        : { issues: [{ message }] },
    jsonSchema: {
      input: () => ({
        type: 'object',
        properties: { action: { enum: actions }, output: {} },
        required: ['action'],
      }),
    },
  },
};
