/** What a definition is checked by. */
import { z } from 'zod';
import { FORMAT, type WorkflowDefinition } from './definition.ts';

const name = z.string().min(1);
const ms = z.number().nonnegative();
const template = z
  .json()
  .describe(
    'Any JSON. { "$": "results.charge.id" } in it stands for what is there when the node starts: `input`, or `results` and ' +
      'the id of a node that this one comes after, and so on inwards. A list of keys serves where a key has a dot in it.',
  );

const node = {
  id: name.regex(/^[^:]+$/).describe('Unique. The actor of the node has it.'),
  after: z
    .array(name)
    .optional()
    .describe('What it comes after: ids of nodes, or `id:route`. It starts when all of them are decided.'),
  when: name.optional().describe('The name of a guard. Where that says no, the node is skipped.'),
  onError: z
    .enum(['fail', 'skip', 'route'])
    .optional()
    .describe(
      'Whether the flow fails with it (the default), goes on as if it was skipped, or along `id:error`.',
    ),
};

const retry = z
  .strictObject({
    limit: z.number().int().nonnegative(),
    backoff: ms.optional(),
    factor: z.number().min(1).optional(),
    max: ms.optional(),
    jitter: z.number().min(0).max(1).optional(),
  })
  .describe('How often it is tried again, and when. Times are in milliseconds.');

const working = {
  ...node,
  task: name.describe('The name of its work.'),
  retry: retry.optional(),
  timeout: ms.optional().describe('Of one attempt, in milliseconds.'),
  onInterrupt: z.enum(['rerun', 'fail', 'ask']).optional(),
  ephemeral: z.boolean().optional(),
  cache: z.union([z.boolean(), name]).optional(),
  compensate: name.optional().describe('The name of the task that undoes it when the flow fails later.'),
};

const nodes = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('task'), ...working, input: template.optional() }),
  z.strictObject({ type: z.literal('subflow'), ...working, input: template.optional() }),
  z.strictObject({
    type: z.literal('map'),
    ...working,
    over: template,
    concurrency: z.number().int().positive().optional(),
  }),
  z.strictObject({
    type: z.literal('loop'),
    ...working,
    input: template.optional(),
    until: name.describe('The name of a function of { output, iteration }.'),
    next: name.optional().describe('The name of a function of { output, iteration }.'),
    limit: z.number().int().positive().optional(),
  }),
  z.strictObject({
    type: z.literal('choice'),
    ...node,
    routes: z
      .array(z.strictObject({ name: name.regex(/^[^:]+$/), when: name.optional() }))
      .min(1)
      .describe('In order. The first one whose guard says yes is taken; one without a guard always is.'),
  }),
  z.strictObject({
    type: z.literal('join'),
    ...node,
    wait: z.union([z.enum(['all', 'any']), z.number().int().positive()]).optional(),
    rest: z.enum(['cancel', 'continue']).optional(),
  }),
  z.strictObject({
    type: z.literal('question'),
    ...node,
    ask: template.describe('The question: prompt, details, choices, assignee, deadline, default.'),
    schema: name.optional(),
    timeout: ms.optional(),
  }),
  z.strictObject({
    type: z.literal('waitFor'),
    ...node,
    event: name,
    key: name.optional(),
    equals: template.optional(),
    schema: name.optional(),
    timeout: ms.optional(),
  }),
  z.strictObject({
    type: z.literal('wait'),
    ...node,
    for: template.optional().describe('In milliseconds.'),
    until: template.optional().describe('An instant: ISO 8601, or milliseconds since 1970.'),
  }),
  z.strictObject({
    type: z.literal('transform'),
    ...node,
    value: template.optional(),
    function: name.optional().describe('The name of a function of { input, results }.'),
  }),
]);

/** The schema of definitions. */
export const definitionSchema: z.ZodType<WorkflowDefinition> = z.strictObject({
  $schema: name.optional().describe('Where its JSON Schema is, for editors.'),
  format: z.literal(FORMAT),
  id: name,
  version: name.optional(),
  input: name.optional().describe('The name of the schema of the input.'),
  concurrency: z.number().int().positive().optional().describe('How many nodes may work at the same time.'),
  nodes: z.array(nodes).min(1),
  output: template.optional().describe('As the input of a node; it sees the results of all.'),
});

/**
 * The JSON Schema (draft 2020-12) of a workflow as data, for editors and other languages. The package has it as a file as
 * well: `savepoint/workflow.schema.json`.
 */
export const workflowSchema = (): object => z.toJSONSchema(definitionSchema);
