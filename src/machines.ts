/** The machines that a runtime knows: by id, in several versions. */
import type { AnyStateMachine } from 'xstate';
import { InvalidArgumentError } from './errors.ts';

/**
 * Checks that a machine can be named in a store.
 *
 * @throws {InvalidArgumentError} where it has no id of its own.
 */
export function checkMachine(machine: AnyStateMachine): void {
  if (typeof machine !== 'object' || machine === null || !('getStateNodeById' in machine))
    throw new InvalidArgumentError(
      'This is no XState machine. Pass what setup({ … }).createMachine({ id: … }) returns.',
    );
  if (typeof machine.config.id !== 'string' || machine.config.id === '')
    throw new InvalidArgumentError(
      `The machine has no id, by which its runs would be found again. Write createMachine({ id: 'refund', … }).`,
    );
}

export class Machines {
  readonly #byId = new Map<string, AnyStateMachine[]>();

  constructor(machines: readonly AnyStateMachine[]) {
    for (const machine of machines) this.add(machine);
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  /** A later one takes the place of an earlier one with the same version. */
  add(machine: AnyStateMachine): void {
    checkMachine(machine);
    const others = (this.#byId.get(machine.id) ?? []).filter(({ version }) => version !== machine.version);
    this.#byId.set(machine.id, [...others, machine]);
  }

  /** The machine with this id: the version that is asked for, else the newest. */
  find(id: string, version: string | undefined): AnyStateMachine | undefined {
    const versions = this.#byId.get(id) ?? [];
    return (
      versions.find((machine) => machine.version === version) ??
      versions.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1)
    );
  }
}

// `2` before `10`, `1.9` before `1.10`, none before any.
const compareVersions = (a = '', b = ''): number => a.localeCompare(b, 'en', { numeric: true });
