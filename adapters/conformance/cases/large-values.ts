/** Values larger than a page, a packet or a buffer. */
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { checkpoint, commit, creation, rowOf, turn } from '../fixtures.ts';

export const largeValues: CaseGroup = group('a value', (it) => {
  it('of six megabytes is stored whole, wherever it is', async ({ store }) => {
    const body = 'ü'.repeat(3 * 1024 * 1024);
    const value = Uint8Array.from({ length: 6 * 1024 * 1024 }, (_, i) => i % 251);
    await commit(store, creation('r', { put: [{ kind: 'blob', key: 'b', value }] }));
    const put = [{ kind: 'step', key: 's', value: body }] as const;
    await commit(store, turn('r', 2, { checkpoints: [checkpoint(2, { body })], put }));
    equal((await store.load('r'))[1]?.body === body, true, 'the body is whole');
    equal((await rowOf(store, 'r', 'step', 's')) === body, true, 'the row is whole');
    equal(await rowOf(store, 'r', 'blob', 'b'), value);
    const [, summary] = await store.history('r', { limit: 2 });
    equal((summary?.bytes ?? 0) >= body.length, true, `${summary?.bytes} bytes`);
    await store.enqueue('r', { id: 'm', value: body });
    equal((await store.rows('r', 'inbox', {}))[0]?.value === body, true, 'the message is whole');
  });
});
