/** What is said in a chat: a talk that is the same each time. */
import type { Turn } from './machines.ts';

export const MANY_TURNS = 10_000;

let texts: Turn[] = [];

/** The first turns of it. */
export function turnsOf(count: number): readonly Turn[] {
  if (texts.length === 0)
    texts = Array.from({ length: MANY_TURNS }, () => ({
      type: 'TURN',
      ask: randomText(),
      say: randomText(),
    }));
  return texts.slice(0, count);
}

let seed = 1;

/** 500 printable characters in which there is nothing to compress. */
function randomText(): string {
  const codes = Array.from({ length: 500 }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return 32 + (seed % 94);
  });
  return String.fromCharCode(...codes);
}
