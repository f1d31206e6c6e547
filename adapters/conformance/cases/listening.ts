/** Hints that something came for a run. */
import type { Store } from '../../../src/store.ts';
import { equal, failsWithStoreError } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, sleep, turn } from '../fixtures.ts';

/** What a handle hears. */
async function heard(store: Store): Promise<{ runs: Set<string>; end: () => Promise<void> }> {
  const runs = new Set<string>();
  const end = await store.listen!((run) => runs.add(run));
  return { runs, end: async () => end() };
}

export const listening: CaseGroup = group(
  'a store that is listened to',
  (it) => {
    it('tells soon of a message that was left through another handle', async ({ store, open, until }) => {
      const { runs, end } = await heard(store);
      const other = await open();
      let n = 0;
      await until('the hint of a message', async () => {
        // A hint may be missing, so there is more than one.
        await other.enqueue('r', { id: `m${n++}`, value: '' });
        await sleep(20);
        return runs.has('r') ? true : undefined;
      });
      await end();
    });

    it('tells soon of a commit through another handle', async ({ store, open, until }) => {
      const { runs, end } = await heard(store);
      const other = await open();
      let seq = 2;
      await until('the hint of a commit', async () => {
        await commit(other, turn('r', seq++));
        await sleep(20);
        return runs.has('r') ? true : undefined;
      });
      await end();
    });

    it('tells all who listen, and is silent for who has ended it', async ({ store, open, until }) => {
      const first = await heard(store);
      const second = await heard(store);
      const other = await open();
      let n = 0;
      const leave = (run: string): unknown => other.enqueue(run, { id: `m${n++}`, value: '' });
      await until('both hints', async () => {
        await leave('r');
        await sleep(20);
        return first.runs.has('r') && second.runs.has('r') ? true : undefined;
      });
      await first.end();
      // That the runs were made may have been told late.
      for (const { runs } of [first, second]) runs.clear();
      await until('the hint for who still listens', async () => {
        await leave('s');
        await sleep(20);
        return second.runs.has('s') ? true : undefined;
      });
      equal([...first.runs], []);
      await first.end();
      await second.end();
    });

    it('may be closed while it is listened to, and listened to no longer', async ({ store, open }) => {
      const { runs, end } = await heard(store);
      const other = await open();
      await store.close();
      await other.enqueue('r', { id: 'm', value: '' });
      await sleep(50);
      equal([...runs], []);
      await end();
      await failsWithStoreError(() => store.listen!(() => {}), 'listen');
    });
  },
  { need: 'listen', before: ({ store }) => commit(store, creation('r'), creation('s')) },
);
