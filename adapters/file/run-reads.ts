/**
 * What can be read of one run.
 *
 * @module
 */
import type {
  CheckpointRow,
  CheckpointSummary,
  HistoryScan,
  Message,
  Row,
  RowKind,
  RowScan,
} from '../../src/store.ts';
import { readLines } from './line.ts';
import { checkpointOf, type RunLine, type StoredCheckpoint, valueOf } from './record.ts';
import type { RunFile } from './run-file.ts';
import type { KnownCheckpoint, KnownRows, Place } from './run-state.ts';
import { firstAt } from './search.ts';
import { toText } from './text.ts';

/** The newest base at or before `at`, and what follows it up to there. */
export function load(file: RunFile, at?: number): CheckpointRow[] {
  const known = file.state.checkpoints;
  // Those before a damaged line can be read; the newest is not among them.
  if (at === undefined || at > file.state.seq) file.checkWhole();
  const end = at === undefined ? known.length - 1 : firstAt(known, ({ seq }) => seq < at);
  if (known[end] === undefined || (at !== undefined && known[end].seq !== at)) return [];
  let start = end;
  while (start > 0 && !known[start]!.base) start--;
  return read(file, known.slice(start, end + 1)).map(checkpointOf);
}

/** Checkpoints without their bodies. */
export function history(file: RunFile, scan: HistoryScan): CheckpointSummary[] {
  const { from = 0, to = Infinity, descending, limit } = scan;
  const known = file.state.checkpoints;
  const first = firstAt(known, ({ seq }) => seq < from);
  let last = firstAt(known, ({ seq }) => seq < to);
  if (known[last]?.seq === to) last++;
  const chosen =
    descending === true
      ? known.slice(Math.max(first, last - limit), last)
      : known.slice(first, Math.min(first + limit, last));
  const rows = read(file, chosen).map(({ body, ...rest }): CheckpointSummary => {
    const { seq, base, time, header } = checkpointOf({ ...rest, body: '' });
    return { seq, base, time, header, bytes: toText(body).length };
  });
  return descending === true ? rows.reverse() : rows;
}

/** Rows of one kind by key, or messages in the order in which they came. */
export function rows(file: RunFile, kind: RowKind | 'inbox', scan: RowScan): Pick<Row, 'key' | 'value'>[] {
  file.checkWhole();
  const { state } = file;
  const limit = scan.limit ?? Infinity;
  const lines = new Map<number, RunLine>();
  const lineAt = (place: Place): RunLine => {
    let line = lines.get(place.at);
    if (line === undefined) lines.set(place.at, (line = file.read(place)));
    return line;
  };
  if (kind === 'inbox') {
    return keysOfInbox([...state.inbox.keys()], scan)
      .slice(0, limit)
      .map((key) => {
        const line = lineAt(state.inbox.get(key)!);
        return { key, value: toText(line.messages!.find(({ id }) => id === key)!.value) };
      });
  }
  const known = state.rows.get(kind);
  if (known === undefined) return [];
  return keysOfRows(known, scan)
    .slice(0, limit)
    .map((key) => ({ key, value: valueIn(lineAt(known.places.get(key)!), kind, key) }));
}

/** The value of one row. */
export function rowIn(file: RunFile, kind: RowKind, key: string): Row['value'] | undefined {
  const place = file.state.rows.get(kind)?.places.get(key);
  return place && valueIn(file.read(place), kind, key);
}

/** A message that waits. */
export function messageIn(file: RunFile, id: string): Message | undefined {
  const place = file.state.inbox.get(id);
  if (place === undefined) return undefined;
  const { value } = file.read(place).messages!.find((one) => one.id === id)!;
  return { id, value: toText(value) };
}

function valueIn({ put }: RunLine, kind: RowKind, key: string): Row['value'] {
  return valueOf(put!.findLast((row) => row.kind === kind && row.key === key)!);
}

function keysOfInbox(keys: readonly string[], { key, prefix = '', after }: RowScan): string[] {
  // Where the message `after` is gone, from the first one on.
  const from = after === undefined ? 0 : keys.indexOf(after) + 1;
  return keys.slice(from).filter((one) => one.startsWith(prefix) && (key === undefined || one === key));
}

function keysOfRows(known: KnownRows, { key, prefix = '', after }: RowScan): readonly string[] {
  if (key !== undefined) {
    const fits = known.places.has(key) && key.startsWith(prefix) && (after === undefined || key > after);
    return fits ? [key] : [];
  }
  // Without a function, texts are sorted by their code units.
  known.sorted ??= [...known.places.keys()].sort();
  const { sorted } = known;
  let from = firstAt(sorted, (one) => one < prefix);
  if (after !== undefined && after >= prefix) {
    from = firstAt(sorted, (one) => one < after);
    if (sorted[from] === after) from++;
  }
  if (prefix === '') return from === 0 ? sorted : sorted.slice(from);
  let to = from;
  while (sorted[to]?.startsWith(prefix) === true) to++;
  return sorted.slice(from, to);
}

/** Checkpoints that follow one another, in one go. */
function read(file: RunFile, chosen: readonly KnownCheckpoint[]): StoredCheckpoint[] {
  const [first] = chosen;
  const last = chosen.at(-1);
  if (first === undefined || last === undefined) return [];
  const seqs = new Map(chosen.map(({ seq, at }) => [seq, at]));
  const found: StoredCheckpoint[] = [];
  for (const piece of readLines(file.disk, file.fd, first.at)) {
    if (piece.at > last.at) break;
    if (piece.kind !== 'line') continue;
    for (const one of (piece.record as RunLine).checkpoints ?? []) {
      if (seqs.get(one.seq) === piece.at) found.push(one);
    }
  }
  const missed = chosen.find(({ seq }, i) => found[i]?.seq !== seq);
  return missed === undefined ? found : file.changed(missed.at);
}
