/** Orders by a time and then by an id, code unit by code unit. */
export function compare(time: number, id: string, otherTime: number, otherId: string): number {
  return time - otherTime || (id < otherId ? -1 : id > otherId ? 1 : 0);
}
