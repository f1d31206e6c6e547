/**
 * All that a store promises.
 *
 * @module
 */
import type { CaseGroup } from './case.ts';
import { batch } from './cases/batch.ts';
import { closed } from './cases/closed.ts';
import { commits } from './cases/commits.ts';
import { cuts } from './cases/cuts.ts';
import { due } from './cases/due.ts';
import { fence } from './cases/fence.ts';
import { handles } from './cases/handles.ts';
import { history } from './cases/history.ts';
import { inbox } from './cases/inbox.ts';
import { largeValues } from './cases/large-values.ts';
import { leases } from './cases/leases.ts';
import { listening } from './cases/listening.ts';
import { listing } from './cases/listing.ts';
import { load } from './cases/load.ts';
import { manyRuns } from './cases/many-runs.ts';
import { manyWrites } from './cases/many-writes.ts';
import { questionScans } from './cases/question-scans.ts';
import { questions } from './cases/questions.ts';
import { races } from './cases/races.ts';
import { removal } from './cases/removal.ts';
import { reopened } from './cases/reopened.ts';
import { rowScans } from './cases/row-scans.ts';
import { rows } from './cases/rows.ts';
import { taking } from './cases/taking.ts';
import { values } from './cases/values.ts';
import { yielding } from './cases/yielding.ts';

/** In the order in which they are run: what others build on comes first, and what takes long comes last. */
export const caseGroups: readonly CaseGroup[] = [
  commits,
  batch,
  fence,
  leases,
  load,
  history,
  cuts,
  rows,
  rowScans,
  inbox,
  taking,
  yielding,
  questions,
  questionScans,
  listing,
  due,
  removal,
  values,
  handles,
  races,
  reopened,
  listening,
  closed,
  largeValues,
  manyWrites,
  manyRuns,
];
