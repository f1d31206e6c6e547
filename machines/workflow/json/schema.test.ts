import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { workflowSchema } from './format.ts';

it('is published as a file, too', async () => {
  const file = new URL('../workflow.schema.json', import.meta.url);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(workflowSchema())));
});
