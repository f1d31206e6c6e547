/** Shows how far a workflow is: on a terminal as a bar that grows, elsewhere as a line now and then. */
import type { Progress } from 'savepoint/machines';

const WIDTH = 48;

export class ProgressBar {
  #shown = -1;

  show({ total, nodes }: Progress): void {
    const ratio = nodes.done / total;
    const text = `${String(nodes.done).padStart(4)} of ${total} jobs are done, ${nodes.running} at work`;
    if (process.stdout.isTTY) {
      const full = Math.round(ratio * WIDTH);
      process.stdout.write(`\r  ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}  ${text}  `);
      return;
    }
    const tenths = Math.floor(ratio * 10);
    if (tenths === this.#shown) return;
    this.#shown = tenths;
    console.log(`  ${text}`);
  }

  /** What comes next is on a line of its own. */
  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\n');
  }
}
