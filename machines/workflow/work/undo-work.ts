/** Work that undoes what a node did. */
import type { AnyActorLogic } from 'xstate';
import { type DurableArgs, fromDurable } from '../../../src/index.ts';
import type { WorkFunction } from './function-work.ts';
import { isLogic } from './work-of.ts';

/** Actor logic whose input is `{ input, output }`: the flow's input, and what the node came to. */
export const undoWork = (undo: AnyActorLogic | WorkFunction): AnyActorLogic =>
  isLogic(undo) ? undo : fromDurable(async (args: DurableArgs<unknown>) => undo(args as DurableArgs<never>));
