/** Which open questions are listed, and in which order. */
import type { QuestionScan } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { commit, questionIds } from '../fixtures.ts';
import { someQuestions } from '../samples.ts';

/** Each scan gives these questions. */
async function lists({ store }: Place, ...scans: [Partial<QuestionScan>, string[]][]): Promise<void> {
  for (const [scan, ids] of scans) equal(await questionIds(store, scan), ids, JSON.stringify(scan));
}

export const questionScans: CaseGroup = group(
  'listing questions',
  (it) => {
    it('gives them by the time they opened, then by id, and no more than the limit', (on) =>
      lists(
        on,
        [{}, ['s/1', 'r/a', 'r/b', 't/1', 's/2']],
        [{ limit: 2 }, ['s/1', 'r/a']],
        [{ limit: 0 }, []],
      ));

    it('by id gives that one', (on) =>
      lists(on, [{ id: 'r/b' }, ['r/b']], [{ id: 'r/' }, []], [{ id: 'r/b', run: 's' }, []]));

    it('by run gives those of the run', (on) =>
      lists(on, [{ run: 's' }, ['s/1', 's/2']], [{ run: 'none' }, []]));

    it('by machine gives those of the machine', (on) =>
      lists(
        on,
        [{ machine: 'order' }, ['s/1', 's/2']],
        [{ machine: 'refund', limit: 2 }, ['r/a', 'r/b']],
        [{ machine: 'none' }, []],
      ));

    it('by assignee gives those of the person', (on) =>
      lists(
        on,
        [{ assignee: 'ann' }, ['s/1', 'r/b']],
        [{ assignee: 'ann', machine: 'refund' }, ['r/b']],
        [{ assignee: 'nobody' }, []],
      ));

    it('by tag gives those that have it', (on) =>
      lists(
        on,
        [{ tag: 'x' }, ['r/a', 'r/b', 't/1', 's/2']],
        [{ tag: 'y' }, ['r/b', 's/2']],
        [{ tag: 'x', run: 's' }, ['s/2']],
        [{ tag: 'none' }, []],
      ));

    it('opened before a time leaves out those that opened then', (on) =>
      lists(
        on,
        [{ openedTo: 2000 }, ['s/1']],
        [{ openedTo: 2001, tag: 'x' }, ['r/a', 'r/b', 't/1']],
        [{ openedTo: 2001, machine: 'order' }, ['s/1']],
      ));

    it('by several conditions gives those for which all of them hold', (on) =>
      lists(
        on,
        [{ id: 'r/b', tag: 'y', assignee: 'ann', machine: 'refund', run: 'r' }, ['r/b']],
        [{ tag: 'x', machine: 'refund', assignee: 'bob' }, ['r/a']],
        [{ tag: 'y', machine: 'refund', assignee: 'bob' }, []],
      ));

    it('after a question, open or closed, gives those behind it', (on) =>
      lists(
        on,
        [{ after: { opened: 2000, id: 'r/a' } }, ['r/b', 't/1', 's/2']],
        [{ after: { opened: 2000, id: 'r/a' }, tag: 'x', limit: 2 }, ['r/b', 't/1']],
        [{ after: { opened: 2000, id: 'closed' }, openedTo: 3000 }, ['r/a', 'r/b', 't/1']],
        [{ after: { opened: 3000, id: 's/2' } }, []],
      ));

    it('page by page gives the same as at once, where some opened at one time', async ({ store }) => {
      const scans = [{}, { tag: 'x' }, { machine: 'refund' }, { assignee: 'ann' }, { run: 'r' }];
      for (const scan of scans) {
        const paged: string[] = [];
        for (let after: QuestionScan['after']; ;) {
          const [next] = await store.questions({ ...scan, after, limit: 1 });
          if (next === undefined || paged.length > 9) break;
          paged.push(next.id);
          after = { opened: next.opened, id: next.id };
        }
        equal(paged, await questionIds(store, scan), JSON.stringify(scan));
      }
    });
  },
  { before: ({ store }) => commit(store, ...someQuestions) },
);
