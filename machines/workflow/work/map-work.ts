/** Work that is done for each item of a list. */
import type { AnyActorLogic, PromiseActorLogic } from 'xstate';
import { type DurableArgs, fromDurable, type RetryOptions, type StepArgs } from '../../../src/index.ts';
import { runApart } from './ephemeral.ts';
import type { WorkFunction } from './function-work.ts';
import { isLogic } from './work-of.ts';

/** What the function of a map is given. */
export interface ItemArgs<TItem> extends StepArgs {
  /** The item. */
  readonly input: TItem;
  /** Its place in the list, from 0 on. */
  readonly index: number;
}

/** How a map goes over its list. */
export interface MapOptions {
  /** How many items are worked on at the same time. Default 8. */
  readonly concurrency?: number | undefined;
  /** Of each item. */
  readonly retry?: RetryOptions | undefined;
  /** Of one attempt at an item, in milliseconds. */
  readonly timeout?: number | undefined;
}

interface GivenItems extends MapOptions {
  readonly items: readonly unknown[];
}
/** A list, or one with how to go over it. */
type MapInput = readonly unknown[] | GivenItems;
type ItemFunction = (args: ItemArgs<never>) => unknown;

const CONCURRENCY = 8;

/**
 * Actor logic whose input is a list, and whose output is what each item came to, in order. Each item is a step: it has its
 * own entry in the journal, and no checkpoint is written for it. It fails with the first item that does.
 */
export function mapWork(
  run: AnyActorLogic | WorkFunction | ItemFunction,
  { concurrency: most = CONCURRENCY, retry: again, timeout: limit }: MapOptions = {},
): PromiseActorLogic<unknown[], MapInput> {
  const one = (input: unknown, index: number, step: StepArgs): unknown =>
    isLogic(run as AnyActorLogic | WorkFunction)
      ? runApart(run as AnyActorLogic, input, step.signal)
      : (run as (args: ItemArgs<unknown>) => unknown)(new Item(input, index, step));
  return fromDurable(async ({ input, step }: DurableArgs<MapInput>) => {
    const given: GivenItems = 'items' in input ? input : { items: input };
    const { items, concurrency = most, retry = again, timeout = limit } = given;
    const outputs = Array.from<unknown>({ length: items.length });
    let next = 0;
    const goOn = async (): Promise<void> => {
      while (next < items.length) {
        const index = next++;
        const work = (args: StepArgs): unknown => one(items[index], index, args);
        outputs[index] = await step(`item ${index}`, work, { retry, timeout });
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, goOn));
    return outputs;
  });
}

/** What a step is given, with the item. Most of it is made when it is asked for. */
class Item implements ItemArgs<unknown> {
  readonly #step: StepArgs;

  constructor(
    readonly input: unknown,
    readonly index: number,
    step: StepArgs,
  ) {
    this.#step = step;
  }

  get effectId(): string {
    return this.#step.effectId;
  }
  get attempt(): number {
    return this.#step.attempt;
  }
  get signal(): AbortSignal {
    return this.#step.signal;
  }
  get progress(): StepArgs['progress'] {
    return this.#step.progress;
  }
}
