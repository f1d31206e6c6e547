/** What one would do without the package: nothing, one raw row a step, or a snapshot a step by hand. */
import Database from 'better-sqlite3';
import type { AnyActorRef, AnyActor } from 'xstate';
import type { Sample } from './measure.ts';
import { rateSince } from './work.ts';

/** Watches an actor before it starts. */
export interface Keeper {
  keep(id: string, actor: AnyActor): void;
  close(): void;
}

/** Keeps nothing: the bare machine. */
export const nothing: Keeper = { keep: () => {}, close: () => {} };

/** A row of 200 bytes a step: the least that keeping anything can cost, one turn at a time. */
export function rawInserts(file: string): Keeper {
  const { insert, close } = openRows(file, 'NORMAL');
  return { keep: (_, actor) => actor.subscribe(insert), close };
}

/** Nothing but rows of 200 bytes, one a transaction. */
export function insertRows(file: string, synchronous: Synchronous, count: number): Sample {
  const { insert, close } = openRows(file, synchronous);
  const since = performance.now();
  for (let n = 0; n < count; n++) insert();
  const rate = rateSince(since, count);
  close();
  return { rate };
}

function openRows(file: string, synchronous: Synchronous) {
  const db = openDatabase(file, synchronous);
  db.exec('CREATE TABLE steps (id INTEGER PRIMARY KEY, body TEXT)');
  const insert = db.prepare('INSERT INTO steps (body) VALUES (?)');
  const body = 'x'.repeat(200);
  return { insert: () => void insert.run(body), close: () => void db.close() };
}

/** What people write by hand: subscribe, stringify, upsert. */
export function byHand(file: string): Keeper {
  const db = openDatabase(file);
  db.exec('CREATE TABLE runs (id TEXT PRIMARY KEY, snapshot TEXT)');
  const upsert = db.prepare(
    'INSERT INTO runs VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET snapshot = excluded.snapshot',
  );
  const save = (id: string, actor: AnyActorRef): void =>
    void upsert.run(id, JSON.stringify(actor.getPersistedSnapshot()));
  return {
    keep: (id, actor) => actor.subscribe(() => save(id, actor)),
    close: () => void db.close(),
  };
}

type Synchronous = 'NORMAL' | 'FULL';

function openDatabase(file: string, synchronous: Synchronous = 'NORMAL'): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  return db;
}
