/**
 * Runs an example by its number: `npm run example 03` runs `examples/03-….ts` or `examples/03-…/main.ts`.
 * Without a number it lists them.
 */
import { existsSync, readdirSync } from 'node:fs';

const names = readdirSync(import.meta.dirname)
  .filter((name) => /^\d+-/.test(name))
  .toSorted();
const number = process.argv[2];
const wanted = names.find((name) => Number.parseInt(name, 10) === Number(number));

if (wanted === undefined) {
  console.log(`Which example? npm run example <number>\n\n${names.map((name) => `  ${name}`).join('\n')}`);
  process.exitCode = number === undefined ? 0 : 1;
} else {
  const main = new URL(`./${wanted}/main.ts`, import.meta.url);
  await import(existsSync(main) ? main.href : new URL(wanted, import.meta.url).href);
}
