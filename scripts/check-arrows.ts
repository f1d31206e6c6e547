/**
 * Keeps the arrows: examples → machines → src ← adapters.
 *
 * Reads every import of every source file and fails on one that points the wrong way, and on a name of
 * XState's insides outside `src/xstate/`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const layers = ['src', 'machines', 'adapters', 'examples', 'test', 'scripts'] as const;
type Layer = (typeof layers)[number];

/** The packages that the core may import. Drivers belong to adapters. */
const corePackages = ['xstate', 'superjson', '@noble/hashes'];
/** What an adapter may know of the core. */
const adapterContract = ['src/store.ts', 'src/worker/engine.ts', 'src/errors.ts'];
/** The subpaths of the package that are not the core. */
const subpaths: Record<string, Layer> = {
  'savepoint/machines': 'machines',
  'savepoint/machines/agent': 'machines',
  'savepoint/machines/agent/otel': 'machines',
};
/** Names of XState's insides. */
const insiders =
  /(?<![\w$])_(?:snapshot|relay|actorScope|parent|processingStatus|deferred|sendInspectionEvent|syncSnapshot|systemId|bookId|register|unregister|collectedMicrosteps|collectedActions|nodes)(?![\w$])/g;

interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

/** Blanks comments and keeps line numbers, so that an example in a doc comment imports nothing. */
function withoutComments(code: string): string {
  const pieces = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return code.replace(pieces, (piece, text?: string) => text ?? piece.replace(/[^\n]/g, ' '));
}

function lineOf(code: string, index: number): number {
  return code.slice(0, index).split('\n').length;
}

function importsOf(file: string, code: string): Import[] {
  const statements =
    /(?<![\w$.])(?:import|export)\s[^'"`;()]*?\sfrom\s*['"]([^'"]+)['"]|(?<![\w$.])import\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(statements)].map((match) => ({
    file,
    line: lineOf(code, match.index),
    specifier: match[1] ?? match[2]!,
  }));
}

/** The file that a specifier means, from the root, or undefined for a package or a built-in. */
function fileOf({ file, specifier }: Import): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  if (specifier === 'savepoint') return 'src/index.ts';
  if (specifier.startsWith('savepoint/'))
    return `${subpaths[specifier] ?? 'adapters'}/${specifier.slice(10)}`;
  return undefined;
}

const layerOf = (file: string): Layer | undefined => layers.find((layer) => file.startsWith(`${layer}/`));
const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(specifier);
const isOf = (specifier: string, names: readonly string[]): boolean =>
  names.some((name) => specifier === name || specifier.startsWith(`${name}/`));

/** Why an import may not be, or undefined where it may. */
function fault(entry: Import): string | undefined {
  const { file, specifier } = entry;
  const from = layerOf(file);
  const target = fileOf(entry);
  const to = target === undefined ? undefined : layerOf(target);
  const isTest = /\.test(-d)?\.ts$/.test(file);
  const byName = !specifier.startsWith('.');

  if (from === 'test' || from === 'scripts') return undefined;
  if (to === 'test' || to === 'scripts') {
    return isTest ? undefined : 'what is shipped or shown knows no test and no script';
  }

  switch (from) {
    case 'src':
      if (isTest) return to === 'examples' ? 'a unit test of the core knows no example' : undefined;
      if (isBuiltin(specifier)) return 'the core runs in a browser and imports no Node built-in';
      if (target === undefined) {
        return isOf(specifier, corePackages) ? undefined : `the core imports only ${corePackages.join(', ')}`;
      }
      if (byName) return 'inside the core import by relative path';
      return to === 'src' ? undefined : 'the core knows no adapter, no machine and no example';
    case 'adapters':
      if (isTest || target === undefined) return undefined;
      if (to === 'adapters' && !byName) return undefined;
      return adapterContract.includes(target)
        ? undefined
        : `an adapter knows only ${adapterContract.join(' and ')}`;
    case 'machines':
      if (isTest || target === undefined || to === 'machines') return undefined;
      return target === 'src/index.ts'
        ? undefined
        : 'a machine is built on the public surface of the core alone';
    case 'examples':
      if (target === undefined || to === 'examples') return undefined;
      return byName
        ? undefined
        : "an example imports the package by its name, as its reader would: 'savepoint'";
    default:
      return undefined;
  }
}

/** Faults of one file, as `path:line: what and why`. */
function faultsOf(file: string, source: string): string[] {
  const code = withoutComments(source);
  const wrongWay = importsOf(file, code).flatMap((entry) => {
    const why = fault(entry);
    return why === undefined ? [] : [`${file}:${entry.line}: imports '${entry.specifier}': ${why}`];
  });
  if (file.startsWith('src/xstate/') || layerOf(file) === 'scripts') return wrongWay;
  const insides = [...code.matchAll(insiders)].map(
    (match) =>
      `${file}:${lineOf(code, match.index)}: '${match[0]}' belongs to XState's insides: only src/xstate/ knows them`,
  );
  return [...wrongWay, ...insides];
}

const files = layers.flatMap((layer) => {
  const folder = join(root, layer);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(layer, name.replaceAll('\\', '/')))
    .filter((name) => /\.(ts|tsx|mts)$/.test(name));
});
const faults = files.flatMap((file) => faultsOf(file, readFileSync(join(root, file), 'utf8')));

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error(`\n${faults.length} imports point the wrong way.`);
  process.exitCode = 1;
} else {
  console.log(`Arrows: ${files.length} files, every import points the right way.`);
}
