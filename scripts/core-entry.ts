/**
 * What a browser loads when it imports the core entry of a built package: the entry and its own chunks,
 * dependencies left out; and, apart, what it loads when it is needed: the engine with the first run, what reads from a
 * store, the steps of durable functions.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minifySync } from 'vite';

/** The core entry, gzipped as shipped, may weigh at most so many bytes. */
const LIMIT = 20 * 1024;

interface CoreEntry {
  readonly files: readonly string[];
  /** Packages and built-ins that it imports. */
  readonly imports: readonly string[];
  /** Gzipped, as shipped. */
  readonly shipped: number;
  /** Gzipped, as a bundler makes of it. For the reader only: the limit holds for `shipped`. */
  readonly minified: number;
}

function readCoreEntry(dist: string): CoreEntry {
  const files: string[] = ['index.js'];
  const imports = new Set<string>();
  let shipped = 0;
  let minified = 0;
  // The list grows while it is walked.
  for (const file of files) {
    const code = readFileSync(join(dist, file), 'utf8');
    shipped += gzipSync(code, { level: 9 }).length;
    minified += gzipSync(minifySync(file, code, { module: true }).code, { level: 9 }).length;
    for (const [, specifier = ''] of code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']/g)) {
      if (!specifier.startsWith('.')) imports.add(specifier);
      else {
        const chunk = posix.join(posix.dirname(file), specifier);
        if (!files.includes(chunk)) files.push(chunk);
      }
    }
  }
  return { files, imports: [...imports].toSorted(), shipped, minified };
}

/** What is loaded when it is needed, gzipped as shipped. Not part of the limit. */
function laterChunks(dist: string, atOnce: readonly string[]): string {
  return readdirSync(join(dist, 'chunks'))
    .map((name) => `chunks/${name}`)
    .filter((name) => !atOnce.includes(name))
    .map((name) => `${name} ${kilobytes(gzipSync(readFileSync(join(dist, name)), { level: 9 }).length)}`)
    .join(', ');
}

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

/** Prints the core entry's figures and returns its faults. */
export function checkCoreEntry(dist: string): string[] {
  const { files, imports, shipped, minified } = readCoreEntry(dist);
  console.log(
    `Core entry: ${kilobytes(shipped)} gzipped as shipped (limit ${kilobytes(LIMIT)}), ` +
      `${kilobytes(minified)} minified; ${files.join(', ')}; imports ${imports.join(', ')}`,
  );
  console.log(`Loaded when needed: ${laterChunks(dist, files)}`);
  const faults = imports
    .filter((name) => name.startsWith('node:') || builtinModules.includes(name))
    .map((name) => `the core entry imports the Node built-in ${name}`);
  if (shipped > LIMIT)
    faults.push(`the core entry is ${kilobytes(shipped)} gzipped, over ${kilobytes(LIMIT)}`);
  return faults;
}
