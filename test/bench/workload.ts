/** What every workload is given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

export interface Workload {
  readonly subject: Subject;
  /** How many rounds are counted. */
  readonly rounds: number;
  readonly report: Report;
}

const folder = mkdtempSync(join(tmpdir(), 'savepoint-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** The path of a database that is not there yet. */
export function newFile(): string {
  return join(folder, `${files++}.db`);
}
