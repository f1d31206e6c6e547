import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import manifest from './package.json' with { type: 'json' };

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Subpath of the package, and the source it is built from. */
const entries: Record<string, string> = {
  index: path('src/index.ts'),
  machines: path('machines/index.ts'),
  'machines/agent': path('machines/agent/index.ts'),
  'machines/agent/otel': path('machines/agent/otel/index.ts'),
  memory: path('adapters/memory.ts'),
  sqlite: path('adapters/sqlite/index.ts'),
  indexeddb: path('adapters/indexeddb/index.ts'),
  file: path('adapters/file/index.ts'),
  postgres: path('adapters/postgres/index.ts'),
  redis: path('adapters/redis/index.ts'),
  'graphile-worker': path('adapters/graphile-worker/index.ts'),
  testing: path('adapters/conformance/index.ts'),
};

const packages = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
const external = [/^node:/, ...builtinModules, ...packages.map((name) => new RegExp(`^${name}(/|$)`))];

/** In development the package's own name stands for its source; see `paths` in tsconfig.json. */
const source = Object.entries(entries).map(([name, file]) => ({
  find: new RegExp(`^savepoint${name === 'index' ? '' : `/${name}`}$`),
  replacement: file,
}));

/** The files that a page loads when it imports an entry: what is imported when it is needed does not count. */
function loadedBy(entry: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  const code = readFileSync(entry, 'utf8');
  for (const [, specifier = ''] of code.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gm))
    loadedBy(join(dirname(entry), specifier), found);
  return found;
}
const core = loadedBy(path('src/index.ts'));
const engine = loadedBy(path('src/engine.ts'));

/** Tests on real servers, in a real browser, or of many processes for many seconds. */
const long = ['postgres', 'redis', 'graphile-worker']
  .map((adapter) => `adapters/${adapter}/**/*.test.ts`)
  .concat('test/browser/**/*.test.ts', 'test/engines/**/*.test.ts', 'test/lmdb-store.test.ts')
  .concat('adapters/file/{processes,conformance}.test.ts', 'src/sealed/conformance.test.ts')
  .concat('src/migrate-store/stopped.test.ts');

const results = process.env['VITEST_RESULTS'];

export default defineConfig({
  resolve: { alias: source },
  build: {
    target: 'es2022',
    minify: false,
    sourcemap: false,
    lib: {
      // An entry that is not written yet does not stop the others from being built.
      entry: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
      formats: ['es'],
    },
    rollupOptions: {
      external,
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name].js',
        comments: false,
        // All that the entries share is one file: it is compressed better, and there is one set of errors.
        codeSplitting: {
          groups: [
            { name: 'core', test: (id: string) => core.has(id) },
            // Loaded with the first run. What only some runs need has chunks of its own.
            { name: 'engine', test: (id: string) => engine.has(id) && !core.has(id) },
          ],
        },
        // The core must be light for a page that has no bundler. Classes keep their names: errors show them.
        minify: {
          compress: { target: 'es2022', keepNames: { function: false, class: true } },
          mangle: { toplevel: true, keepNames: { function: false, class: true } },
          codegen: { removeWhitespace: true },
        },
      },
    },
  },
  test: {
    // CI counts what really ran from a report.
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    // By default one core is left to whoever watches.
    maxWorkers: '100%',
    // A durable commit waits for the disk, and the disk is shared.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What is waited for comes when it comes, also on a machine that is busy with other things.
    expect: { poll: { timeout: 15_000 } },
    // What runs beside each other within a file starts processes, and the stories of the examples have deadlines.
    maxConcurrency: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**', 'machines/**', 'adapters/**'],
      exclude: ['**/*.test.ts'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'machines/**/*.test.ts',
            'adapters/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...long],
        },
      },
      {
        // `npm run test:long`.
        extends: true,
        // Leases of some hundred milliseconds: where the machine stands still for that long, a test is tried once more.
        test: { name: 'long', include: long, retry: 1 },
      },
      {
        // The seam knows XState's insides, so its tests run on the oldest release as well.
        extends: true,
        resolve: { alias: [...source, { find: /^xstate(?=\/|$)/, replacement: 'xstate-oldest' }] },
        test: {
          name: 'xstate-oldest',
          include: ['src/xstate/**/*.test.ts'],
          exclude: configDefaults.exclude,
        },
      },
    ],
  },
});
