/** What was measured: as a table while it comes in, and as JSON at the end. */
import { cpus } from 'node:os';
import { figureOf, valuesOf, type Figure, type Samples } from './measure.ts';
import type { From } from './subject.ts';

/** What a figure must be. */
export type Limit = { readonly least: number } | { readonly most: number };

interface Bar {
  readonly what: string;
  readonly reached: Figure;
  readonly limit: Limit;
  readonly ok: boolean;
}

const WHAT = 44;
const whole = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });
const decimal = (value: number): string => value.toFixed(2);
const spread = ({ min, max }: Figure, show: (value: number) => string): string =>
  min === max ? '' : `${show(min)} – ${show(max)}`;

export class Report {
  readonly #from: From;
  readonly #rounds: number;
  readonly #workloads: Record<string, Record<string, object>> = {};
  readonly #bars: Bar[] = [];

  constructor(from: From, rounds: number) {
    this.#from = from;
    this.#rounds = rounds;
  }

  /** The table of one workload: a line for each contender. */
  table(workload: string, samples: Samples): void {
    console.log(`\n${workload.padEnd(WHAT)} per second   min – max`);
    this.#workloads[workload] = {};
    for (const [contender, list] of Object.entries(samples)) {
      const figures = Object.fromEntries(
        (['rate', 'growth', 'written', 'stored'] as const)
          .map((what) => [what, valuesOf(list, what)] as const)
          .filter(([, values]) => !values.some(Number.isNaN))
          .map(([what, values]) => [what, figureOf(values)]),
      );
      this.#workloads[workload][contender] = figures;
      const { rate, growth, written, stored } = figures;
      console.log(
        `  ${contender.padEnd(WHAT - 2)} ${whole(rate!.median).padStart(10)}   ${spread(rate!, whole).padEnd(19)}` +
          (growth ? `  last/first 100: ${decimal(growth.median)}` : '') +
          (written ? `  written: ${decimal(written.median / 1e6)} MB` : '') +
          (stored ? `  closed: ${decimal(stored.median / 1e6)} MB` : ''),
      );
    }
  }

  /** A table of medians, a line for each name. */
  grid(
    workload: string,
    columns: readonly string[],
    lines: Readonly<Record<string, Readonly<Partial<Record<string, Figure>>>>>,
  ): void {
    const show = ({ median }: Figure): string => (median < 100 ? decimal(median) : whole(median));
    const width = Math.max(...Object.keys(lines).map(({ length }) => length));
    const line = (name: string, cells: readonly string[]): void =>
      console.log(`  ${name.padEnd(width)} ${cells.map((cell) => cell.padStart(11)).join('')}`);
    console.log(`\n${workload}`);
    line('', columns);
    for (const [name, figures] of Object.entries(lines))
      line(
        name,
        columns.map((column) => (figures[column] ? show(figures[column]) : '–')),
      );
    this.#workloads[workload] = { ...lines };
  }

  /** A figure that has no bar. */
  note(workload: string, what: string, figure: Figure, unit: string): void {
    const show = (value: number): string => `${Math.abs(value) < 10 ? decimal(value) : whole(value)}${unit}`;
    console.log(`  ${what.padEnd(WHAT - 2)} ${show(figure.median).padStart(10)}   ${spread(figure, show)}`);
    (this.#workloads[workload] ??= {})[what] = figure;
  }

  /** A figure that has one. */
  bar(what: string, reached: Figure, limit: Limit): void {
    const ok = 'least' in limit ? reached.median >= limit.least : reached.median <= limit.most;
    this.#bars.push({ what, reached, limit, ok });
  }

  /** Prints the bars. Were all of them reached? */
  end(): boolean {
    console.log('\nBars (medians; in brackets at the end, the rounds one by one)');
    for (const { what, reached, limit, ok } of this.#bars) {
      const [word, value] = 'least' in limit ? ['at least', limit.least] : ['at most', limit.most];
      const rounds = spread(reached, decimal);
      console.log(
        `  ${what.padEnd(WHAT + 14)} reached ${decimal(reached.median)} (bar ${word} ${value}) ${ok ? 'ok' : 'MISSED'}${rounds && `  [${rounds}]`}`,
      );
    }
    const missed = this.#bars.filter(({ ok }) => !ok).length;
    console.log(`\n${this.#bars.length - missed} of ${this.#bars.length} bars reached.`);
    return missed === 0;
  }

  toJSON(): object {
    const cpu = { model: cpus()[0]?.model, count: cpus().length };
    return {
      package: this.#from,
      rounds: this.#rounds,
      node: process.version,
      cpu,
      workloads: this.#workloads,
      bars: this.#bars,
    };
  }
}
