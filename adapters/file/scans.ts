/**
 * Lists of runs and of questions.
 *
 * @module
 */
import type { QuestionScan, RunScan, StoredQuestion, StoredRun } from '../../src/store.ts';
import { type Catalog, place } from './catalog.ts';
import { type Entry, isListed, type ListedEntry, storedRun } from './entry.ts';
import type { Lease, Leases } from './leases.ts';
import { compare } from './order.ts';
import type { Hold } from './record.ts';

/** `runs` and `questions`, over what the catalog knows. */
export class Scans {
  constructor(
    readonly catalog: Catalog,
    readonly leases: Leases,
  ) {}

  runs(scan: RunScan): StoredRun[] {
    const { dueTo, after, descending } = scan;
    let found: readonly ListedEntry[] = this.catalog.ordered;
    if (dueTo !== undefined) {
      found = found.filter(({ head }) => (head.due ?? Infinity) <= dueTo).sort(byDue);
    } else if (after !== undefined) {
      const behind = { run: after.run, head: { createdAt: after.createdAt } } as ListedEntry;
      const at = place(found, behind);
      const isThere = found[at]?.run === after.run && found[at].head.createdAt === after.createdAt;
      found = descending === true ? found.slice(0, at) : found.slice(isThere ? at + 1 : at);
    }
    return this.#page(descending === true ? backwards(found) : found, scan);
  }

  /** The one run that a scan names, if it fits. */
  run(entry: Entry, scan: RunScan): StoredRun[] {
    const { after, descending } = scan;
    if (!isListed(entry)) return [];
    if (after !== undefined && scan.dueTo === undefined) {
      const order = compare(entry.head.createdAt, entry.run, after.createdAt, after.run);
      if (descending === true ? order >= 0 : order <= 0) return [];
    }
    return this.#page([entry], scan);
  }

  questions(scan: QuestionScan): StoredQuestion[] {
    const { id } = scan;
    const { questions } = this.catalog;
    const one = id === undefined ? undefined : questions.get(id);
    const all = id === undefined ? [...questions.values()] : one === undefined ? [] : [one];
    return all
      .filter((question) => fitsQuestion(question, scan))
      .sort((a, b) => compare(a.opened, a.id, b.opened, b.id))
      .slice(0, scan.limit)
      .map((question) => ({ ...question, tags: [...question.tags] }));
  }

  #page(found: Iterable<ListedEntry>, scan: RunScan): StoredRun[] {
    const page: StoredRun[] = [];
    const isHeld = this.#holding();
    for (const entry of found) {
      if (page.length >= scan.limit) break;
      if (fits(entry, scan, isHeld)) page.push(storedRun(entry));
    }
    return page;
  }

  /** Whether a hold is good, each owner's file being read once at most. */
  #holding(): IsHeld {
    const registered = new Map<string, Lease | undefined>();
    const keeping = new Map<string, Lease | undefined>();
    return (hold, how) => {
      const known = how === 'registered' ? registered : keeping;
      const name = `${hold.key} ${hold.owner}`;
      if (!known.has(name)) {
        const lease = how === 'registered' ? this.leases.find(hold.owner) : this.leases.keeping(hold);
        known.set(name, lease?.key === hold.key ? lease : undefined);
      }
      return known.get(name) !== undefined;
    };
  }
}

type IsHeld = (hold: Hold, how: 'registered' | 'keeping') => boolean;

function fits({ head, hold, hasMessages }: ListedEntry, scan: RunScan, isHeld: IsHeld): boolean {
  return (
    (scan.undelivered === undefined || hasMessages) &&
    (scan.dueTo === undefined || (head.due !== undefined && head.due <= scan.dueTo)) &&
    (scan.status === undefined || scan.status.includes(head.status)) &&
    (scan.machine === undefined || scan.machine === head.machine) &&
    (scan.tag === undefined || head.tags.includes(scan.tag)) &&
    (scan.createdFrom === undefined || head.createdAt >= scan.createdFrom) &&
    (scan.createdTo === undefined || head.createdAt < scan.createdTo) &&
    (scan.owner === undefined || (hold?.owner === scan.owner && isHeld(hold, 'registered'))) &&
    (scan.free === undefined || hold === undefined || !isHeld(hold, 'keeping'))
  );
}

function fitsQuestion(question: StoredQuestion, scan: QuestionScan): boolean {
  const { after, openedTo = Infinity } = scan;
  return (
    (scan.run === undefined || scan.run === question.run) &&
    (scan.machine === undefined || scan.machine === question.machine) &&
    (scan.assignee === undefined || scan.assignee === question.assignee) &&
    (scan.tag === undefined || question.tags.includes(scan.tag)) &&
    question.opened < openedTo &&
    (after === undefined || compare(question.opened, question.id, after.opened, after.id) > 0)
  );
}

function byDue(a: ListedEntry, b: ListedEntry): number {
  return compare(a.head.due!, a.run, b.head.due!, b.run);
}

function* backwards(entries: readonly ListedEntry[]): Generator<ListedEntry, void, undefined> {
  for (let i = entries.length - 1; i >= 0; i--) yield entries[i]!;
}
