/** Looks at what a program in plain JavaScript may get wrong, before anything is done with it. */
import { InvalidArgumentError } from './errors.ts';

/** Throws where `value` is not a number of milliseconds. */
export function checkMs(name: string, value: unknown, least = 0): void {
  if (typeof value !== 'number' || !(value >= least))
    throw new InvalidArgumentError(
      `'${name}' is a number of milliseconds, ${least} or more; it was ${String(value)}.`,
    );
}

const choices: Readonly<Record<string, readonly unknown[]>> = {
  durability: ['sync', 'async', 'exit', undefined],
  history: ['append', 'replace', undefined],
  delays: ['deadline', 'remaining', 'restart', undefined],
};

/** Throws where an option has a value that it cannot have. */
export function checkOptions(options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const name in choices) {
    const value = given[name];
    const isChosen = choices[name]!.includes(value) || (name === 'delays' && typeof value === 'function');
    if (!isChosen)
      throw new InvalidArgumentError(
        `'${name}' is one of ${choices[name]!.slice(0, 3).join(', ')}; it was ${String(value)}.`,
      );
  }
  const { clock, limits } = given as {
    readonly clock?: object;
    readonly limits?: { readonly lease?: unknown };
  };
  if (
    clock !== undefined &&
    !['now', 'setTimeout', 'clearTimeout'].every((name) => typeof Reflect.get(clock, name) === 'function')
  )
    throw new InvalidArgumentError(
      "'clock' has now(), setTimeout() and clearTimeout(), as XState's SimulatedClock does.",
    );
  if (limits?.lease !== undefined) checkMs('limits.lease', limits.lease, 1);
}

/** What is listed with a run must be readable by everybody. */
export function checkLabels(tags: unknown, metadata: unknown): void {
  if (!Array.isArray(tags) || ![...tags].every((tag) => typeof tag === 'string'))
    throw new InvalidArgumentError("tags is a list of strings, such as ['vip'].");
  const isScalar = (value: unknown): boolean =>
    value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(metadata ?? []) as null);
  if (!isPlain || !Object.values(metadata as object).every(isScalar))
    throw new InvalidArgumentError(
      "metadata is an object of strings, finite numbers, booleans and nulls, such as { customer: 'c-7' }.",
    );
}
