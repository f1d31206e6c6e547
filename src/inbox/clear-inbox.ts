/** Takes what waits for a run that has ended: answers are kept as such whose question never opened. */
import type { Codec } from '../checkpoint/codec.ts';
import { asideKey, asideRow } from '../input/records.ts';
import type { Lease } from '../lease.ts';
import { isFinished } from '../run/status.ts';
import type { Row, Store } from '../store.ts';
import { commitAlone } from '../turns/commit-alone.ts';
import { decodeMail } from './mail.ts';

/** What it needs of a runtime. */
interface ClearContext {
  readonly store: Store;
  readonly lease: Lease;
  readonly inline: Codec;
}

export async function clearInbox({ store, lease, inline }: ClearContext, run: string): Promise<void> {
  await lease.ensure();
  const acquired = await store.acquire(run, lease.owner);
  if (acquired.status !== 'acquired') return;
  const { fence } = acquired;
  try {
    const [stored] = await store.runs({ run, limit: 1 });
    // What waits for one in quarantine, or that was taken up again meanwhile, is still to be delivered.
    const cleared = stored && isFinished(stored.status) ? await clear({ store, inline }, run) : undefined;
    await commitAlone({ store, lease }, { run, fence, ...cleared, release: true });
  } catch (error) {
    await commitAlone({ store, lease }, { run, fence, release: true }).catch(() => {});
    throw error;
  }
}

async function clear(
  { store, inline }: Pick<ClearContext, 'store' | 'inline'>,
  run: string,
): Promise<{ readonly put: readonly Row[]; readonly take: readonly string[] }> {
  const messages = await store.rows(run, 'inbox', {});
  const put: Row[] = [];
  for (const { value } of messages) {
    const mail = await decodeMail(inline, value as string);
    if (mail.type !== 'answer') continue;
    const { input, value: answer, by, id, at } = mail;
    put.push(asideRow(asideKey(input, at), { status: 'neverOpened', value: answer, by, id, at }, inline));
  }
  return { put, take: messages.map(({ key }) => key) };
}
