/** The timeline of a story: a line for each thing that happens, and a chart of it all at the end. */

// `hasColors` knows NO_COLOR and terminals that have none.
const inColor = process.stdout.isTTY && process.stdout.hasColors();
const paint =
  (code: number) =>
  (text: string): string =>
    inColor ? `\u001B[${code}m${text}\u001B[0m` : text;

export const bold = paint(1);
const dim = paint(2);
export const red = paint(91);
export const green = paint(32);
const plain = paint(0);
const colors = [paint(33), paint(36), paint(35), paint(34), paint(32)];

const NAME = 9;
const LABEL = 15;
const WIDTH = 64;

/** A sign in the chart: at one moment, or all the way from one to another. */
export interface Mark {
  readonly from: number;
  readonly to?: number;
  readonly sign: string;
}

export class Timeline {
  readonly #start = Date.now();
  readonly #colors = new Map<string, (text: string) => string>();

  /** A moment as seconds since the beginning. */
  at(time: number): string {
    return `${((time - this.#start) / 1000).toFixed(2)} s`;
  }

  /** Prints what has just happened, and who did it in which process. */
  print(who: string, pid: number | undefined, text: string): void {
    const where = String(pid ?? '').padStart(7);
    console.log(
      `${dim(this.at(Date.now()).padStart(8))}  ${this.#colorOf(who)(who.padEnd(NAME))}${dim(where)}  ${text}`,
    );
  }

  /** Prints a row for each name, from the beginning until now. */
  chart(rows: readonly (readonly [name: string, marks: readonly Mark[]])[]): void {
    const cell = (Date.now() - this.#start) / (WIDTH - 1);
    const column = (time: number): number => Math.round((time - this.#start) / cell);
    for (const [name, marks] of rows) {
      const cells = Array.from({ length: WIDTH }, () => ' ');
      for (const { from, to = from, sign } of marks)
        cells.fill(sign, column(from), Math.max(column(to), column(from) + 1));
      const color = this.#colors.get(name) ?? plain;
      const line = cells.join('').trimEnd().split('✗').map(color).join(red('✗'));
      console.log(`${' '.repeat(10)}${color(name.padEnd(LABEL))}  ${line}`);
    }
    const seconds = Array.from({ length: WIDTH }, () => ' ');
    for (let second = 0; second * 1000 < cell * WIDTH; second++)
      seconds[column(this.#start + second * 1000)] = String(second % 10);
    console.log(`${' '.repeat(10 + LABEL)}  ${dim(seconds.join('').trimEnd())} s`);
  }

  /** A row for the chart: the tries of something, each with its number. */
  tries(name: string, times: readonly number[]): [name: string, marks: Mark[]] {
    return [name, times.map((from, index) => ({ from, sign: String(index + 1) }))];
  }

  #colorOf(who: string): (text: string) => string {
    const color = this.#colors.get(who) ?? colors[this.#colors.size % colors.length] ?? plain;
    this.#colors.set(who, color);
    return color;
  }
}
