/** Checks the weight and the imports of the core entry in `dist/`. */
import { join } from 'node:path';
import { checkCoreEntry } from './core-entry.ts';

const faults = checkCoreEntry(join(import.meta.dirname, '../dist'));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
