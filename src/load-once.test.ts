import { expect, it, vi } from 'vitest';
import { loadOnce } from './load-once.ts';

it('loads a part once, however many ask for it before it is there', async () => {
  const load = vi.fn(async () => 'part');
  const part = loadOnce(load);
  expect(await Promise.all([part(), part(), part()])).toEqual(['part', 'part', 'part']);
  expect(part()).toBe('part');
  expect(load).toHaveBeenCalledTimes(1);
});

it('tries again to load what could not be loaded', async () => {
  const load = vi.fn(async () => 'part').mockRejectedValueOnce(new Error('offline'));
  const part = loadOnce(load);
  await expect(part()).rejects.toThrow('offline');
  expect(await part()).toBe('part');
});
