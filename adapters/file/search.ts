/** The first place in an ordered list that is not before what is looked for; its length where there is none. */
export function firstAt<T>(list: readonly T[], isBefore: (one: T) => boolean): number {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBefore(list[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}
