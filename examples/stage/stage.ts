/** A stage: plays a story of several processes, says whether what was promised was kept, and clears up. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from './child.ts';
import type { Report } from './report.ts';
import { bold, green, red, Timeline } from './timeline.ts';

/** When a story is given up, in milliseconds. */
const TOO_LONG = 120_000;

/** What was promised, and whether it was kept. */
export type Promises = ReadonlyMap<string, boolean>;

export class Stage {
  readonly timeline = new Timeline();
  /** For what processes share. It is gone after the story. */
  readonly folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  readonly #children: Child[] = [];

  /** Begins a process. */
  begin(name: string, script: URL, ...args: readonly string[]): Child {
    const child = new Child(name, script, args, this.timeline);
    this.#children.push(child);
    return child;
  }

  /** Resolves with what the first of all processes so far says on this topic, or has said. */
  anyoneSays(topic: string): Promise<Report> {
    return Promise.any(this.#children.map((child) => child.says(topic)));
  }

  /** Ends all processes and removes the folder. */
  async clear(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()));
    rmSync(this.folder, { recursive: true });
  }
}

/** Plays a story. Exits with code 1 where a promise was not kept; `proof` is the last line where all were. */
export async function perform(
  title: string,
  proof: string,
  story: (stage: Stage) => Promise<Promises>,
): Promise<void> {
  const stage = new Stage();
  console.log(bold(`\n  ${title}\n`));
  const tooLong = pause(TOO_LONG, undefined, { ref: false }).then(() => {
    throw new Error(`It took longer than ${TOO_LONG / 1000} s.`);
  });
  try {
    const promises = await Promise.race([story(stage), tooLong]);
    console.log();
    for (const [promise, kept] of promises)
      console.log(kept ? green(`  ✓ ${promise}`) : red(`  ✗ ${promise}`));
    const broken = [...promises.values()].includes(false);
    console.log(broken ? red('\n  Not as promised: see the crosses.') : bold(`\n  Proved: ${proof}`));
    process.exitCode = broken ? 1 : 0;
  } catch (error) {
    console.log(red(`\n  Not as promised: ${String(error)}`));
    process.exitCode = 1;
  } finally {
    await stage.clear();
  }
}
