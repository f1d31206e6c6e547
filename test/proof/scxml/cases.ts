/** The cases of the W3C's suite for SCXML and of SCION's, as the package that gathers them has them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An event that a case sends, and where it must lead. */
interface CaseEvent {
  /** How long to wait before it is sent, in milliseconds. */
  readonly after?: number;
  readonly event: { readonly name: string };
  readonly nextConfiguration: readonly string[];
}

export interface Case {
  readonly name: string;
  /** The document. */
  readonly source: string;
  readonly initialConfiguration: readonly string[];
  readonly events: readonly CaseEvent[];
}

const folder = join(
  dirname(fileURLToPath(import.meta.resolve('@scion-scxml/test-framework/package.json'))),
  'test',
);

export function readCases(): Case[] {
  return readdirSync(folder)
    .sort()
    .flatMap((group) =>
      readdirSync(join(folder, group))
        .sort()
        .filter((file) => file.endsWith('.scxml'))
        .map((file) => `${group}/${file.slice(0, -'.scxml'.length)}`),
    )
    .filter((name) => existsSync(join(folder, `${name}.json`)))
    .map((name) => ({
      name,
      source: readFileSync(join(folder, `${name}.scxml`), 'utf8'),
      ...(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Omit<Case, 'name' | 'source'>),
    }));
}

/** Does the case run by itself, to the state `pass` or `fail`? */
export const runsByItself = ({ events, initialConfiguration }: Case): boolean =>
  events.length === 0 && initialConfiguration[0] === 'pass';

/** Does the case wait for real time, which a busy machine may not give it? */
export const isTimed = ({ source, events }: Case): boolean =>
  /delay(expr)?=/.test(source) || events.some(({ after }) => after);
