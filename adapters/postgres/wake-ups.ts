/**
 * What a write does, in its own transaction, so that somebody sees to its run when there is something to do.
 *
 * @module
 */

import type { RunCommit } from '../../src/store.ts';

/**
 * A queue in the same database. Each method gives an SQL expression of type text, which is evaluated for
 * each run that is written; `run` is an SQL expression for the run's id as this store writes it.
 */
export interface WakeUps {
  /** Creates what the expressions need. Called before the first write, and by many processes at once. */
  prepare(): Promise<void>;
  /** Something has come for the run, of which whoever works on it may not know: somebody is to look now. */
  came(run: string): string;
  /** The run has something to do now. Whoever works on it knows. */
  pressing(run: string): string;
  /** The run has nothing to do before a time: `due` is an expression of type timestamptz. */
  at(run: string, due: string): string;
  /** The run has nothing to do. */
  never(run: string): string;
}

/** The latest time that is worth a wake-up: the end of the year 9999. */
const latest = 253402300799000;

/** May it change when somebody has to see to the run? */
export function isNews({ head, take = [], release, create }: RunCommit): boolean {
  return head !== undefined || take.length > 0 || release === true || create === true;
}

/** What to do after a commit to the run `h`: an expression. `taken` has what the same commit takes of inboxes. */
export function afterCommit(wakeUps: WakeUps, schema: string, hasTaken: boolean): string {
  const isTaken = hasTaken ? 'AND NOT EXISTS (SELECT 1 FROM taken t WHERE t.n = h.n AND t.id = i.id)' : '';
  return `CASE
    WHEN NOT h.wakes THEN NULL
    WHEN h.status IN ('done', 'failed', 'cancelled') THEN ${wakeUps.never('h.id')}
    WHEN h.due <= extract(epoch FROM now()) * 1000
      OR EXISTS (SELECT 1 FROM ${schema}.inbox i WHERE i.rid = h.rid ${isTaken})
      THEN ${wakeUps.pressing('h.id')}
    WHEN h.due IS NOT NULL THEN ${wakeUps.at('h.id', `to_timestamp(least(h.due, ${latest}) / 1000)`)}
    ELSE ${wakeUps.never('h.id')}
  END`;
}
