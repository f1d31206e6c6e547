/**
 * All broken stores.
 *
 * @module
 */
import { checkpoints } from './checkpoints.ts';
import { commits } from './commits.ts';
import { handles } from './handles.ts';
import { inbox } from './inbox.ts';
import { leases } from './leases.ts';
import { lists } from './lists.ts';
import type { Mutant } from './mutant.ts';
import { questions } from './questions.ts';
import { removal } from './removal.ts';
import { rows } from './rows.ts';
import { values } from './values.ts';

/** By what is broken. */
export const mutants: readonly Mutant[] = [
  ...commits,
  ...checkpoints,
  ...leases,
  ...inbox,
  ...rows,
  ...questions,
  ...lists,
  ...removal,
  ...values,
  ...handles,
];
