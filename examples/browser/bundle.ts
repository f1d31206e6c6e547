/**
 * A page, bundled by Vite.
 *
 * @module
 */
import { build } from 'vite';

/** The files of a page, by their names. */
export type PageFiles = ReadonlyMap<string, string | Uint8Array>;

/** Bundles the `index.html` in `root` with all that it imports. */
export async function bundlePage(root: string): Promise<PageFiles> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    resolve: { tsconfigPaths: true },
    build: { write: false, target: 'es2022', modulePreload: { polyfill: false } },
  });
  if (!('output' in built)) throw new Error('Vite was to build one bundle.');
  return new Map(
    built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source] as const),
  );
}
