/** A program as plain JavaScript: it starts several times as fast as one that is translated as it starts. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** In the project, so that it finds the packages that it needs; git does not see it. */
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** Gives the path of the bundle, which is alone in its folder: `unbundle` removes it. */
export async function bundle(program: URL): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, 'proof-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { tsconfigPaths: true },
    build: {
      ssr: fileURLToPath(program),
      outDir,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'program.mjs' } },
    },
  });
  return join(outDir, 'program.mjs');
}

export function unbundle(path: string): void {
  rmSync(dirname(path), { recursive: true });
}
