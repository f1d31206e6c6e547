/** What the process of a contender does: it loads one, and answers questions about it. */
import type { Said } from './contender-process.ts';
import type { From } from './subject.ts';

/** Serves the contender that this process was started for, one of those in `contenders`. */
export async function serveContender<
  TContender extends { readonly versions: readonly string[] },
  TAnswer extends object,
>(
  contenders: Readonly<Record<string, (from: From) => Promise<TContender>>>,
  measure: (contender: TContender, question: never, name: string) => Promise<TAnswer>,
): Promise<void> {
  const [name, from] = process.argv.slice(2) as [string, From];
  const tell = (answer: Said | TAnswer): void => void process.send!(answer);
  const failed = (error: unknown): void => tell({ failed: String(error) });
  process.on('disconnect', () => process.exit());
  try {
    const contender = await contenders[name]!(from);
    process.on('message', (question) => {
      measure(contender, question as never, name).then(tell, failed);
    });
    tell({ ready: contender.versions });
  } catch (error) {
    failed(error);
  }
}
