import { expect, it } from 'vitest';
import { InOrder } from './in-order.ts';

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('does one thing after the other, also behind one that fails, and tells once when all is done', async () => {
  const seen: string[] = [];
  const order = new InOrder(() => seen.push('over'));
  const slow = order.do(async () => {
    await later(5);
    seen.push('slow');
  });
  const failed = order.do(() => Promise.reject(new Error('no')));
  const quick = order.do(async () => void seen.push('quick'));
  expect(order.isBusy).toBe(true);
  await expect(failed).rejects.toThrow('no');
  await Promise.all([slow, quick, order.idle()]);
  expect(seen).toEqual(['slow', 'quick', 'over']);
  expect(order.isBusy).toBe(false);
});
