/** The process of one proof: `child.ts <name> full|fifth servers|local`, started by `run.ts`. */
import type { Proof } from './proof.ts';

export type Message = { readonly line: string } | Awaited<ReturnType<Proof['run']>>;

const [name, length, where] = process.argv.slice(2);
// Whoever asked is gone.
process.on('disconnect', () => process.exit(1));

const tell = (message: Message, then = (): void => {}): void => void process.send?.(message, then);
const { proof } = (await import(`./${name}/proof.ts`)) as { readonly proof: Proof };
const count = length === 'full' ? proof.full : Math.ceil(proof.full / 5);
const outcome = await proof
  .run(count, (line) => tell({ line }), { servers: where !== 'local' })
  .catch((error: unknown) => ({
    passed: false,
    figure: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }));
// A proof may leave timers behind: they are not waited for.
tell(outcome, () => process.exit());
