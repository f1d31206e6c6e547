/** Rich values: what JSON would lose. Made from a number, so that what was put in is known for ever. */
import { isDeepStrictEqual } from 'node:util';

export interface Goods {
  readonly packed: Date;
  readonly prices: Map<string, bigint>;
  readonly marks: Set<string>;
  readonly fault: Error;
}

export function goodsOf(n: number): Goods {
  return {
    packed: new Date(Date.UTC(2031, 0, 1) + n * 3_600_007),
    prices: new Map([
      [`lamp ${n}`, 10n ** 20n + BigInt(n)],
      ['wick', BigInt(-n)],
    ]),
    marks: new Set(['fragile', `crate ${n % 7}`]),
    fault: new RangeError(`Lamp ${n} flickers`, { cause: new Error(`Wire ${n} is loose`) }),
  };
}

/** Is this just what `goodsOf(n)` made? */
export function isGoodsOf(n: number, goods: Goods | undefined): boolean {
  if (goods === undefined) return n === 0;
  const { fault: made, ...others } = goodsOf(n);
  const { fault, ...rest } = goods;
  return isDeepStrictEqual(rest, others) && isDeepStrictEqual(facts(fault), facts(made));
}

/** Stacks are left out: they tell where an error was made, and `goodsOf` makes it anew. */
function facts(error: unknown): unknown {
  if (!(error instanceof Error)) return 'not an error';
  const { name, message, cause } = error;
  return { name, message, cause: cause === undefined ? undefined : facts(cause) };
}
