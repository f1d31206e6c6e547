/** Has a run here for a moment, opening it where it is free. */
import {
  ConflictError,
  CorruptCheckpointError,
  FencedError,
  IncompatibleMachineError,
  MachineNotRegisteredError,
  RunClosedError,
  RunLockedError,
} from '../errors.ts';
import type { RunCore } from './run-core.ts';

/** Gives a run that is held here for a moment; it is released at rest. Rejects where it cannot be. */
export type Borrow = <T>(id: string, use: (core: RunCore) => Promise<T>) => Promise<T>;

/** Uses a run. `undefined`: it is not here, and cannot be now. */
export async function here<T>(
  borrow: Borrow,
  run: string,
  use: (core: RunCore) => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    let core: RunCore | undefined;
    try {
      return await borrow(run, (borrowed) => use((core = borrowed)));
    } catch (error) {
      // Its holder lets go of it at this moment: it is taken anew.
      if (error instanceof RunClosedError && core?.isReleased) continue;
      if (isElsewhere(error)) return undefined;
      throw error;
    }
  }
}

/** Somebody else has the run, or whoever can open it will. */
const isElsewhere = (error: unknown): boolean =>
  [
    RunLockedError,
    MachineNotRegisteredError,
    IncompatibleMachineError,
    CorruptCheckpointError,
    FencedError,
    ConflictError,
  ].some((kind) => error instanceof kind);
