/** Databases of the workloads: all in one folder, which goes when the process ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'savepoint-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** The path of a database that is not there yet. */
export function newFile(): string {
  return join(folder, `${files++}.db`);
}
