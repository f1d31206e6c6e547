/**
 * The tables, and how a file gets them. The version is SQLite's `user_version`; a step that was once
 * released never changes.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Database } from './driver.ts';

/** 'SAVE': tells our files from those of other applications. */
const applicationId = 0x53415645;

/**
 * - `runs.rid` is never used again (AUTOINCREMENT), so that a writer who missed a deletion cannot hit
 *   another run's rows. `owner` is an `owners.oid`; where that row is gone, the run is free.
 * - `checkpoints.key` packs run and seq into one integer: a run's checkpoints lie side by side, and the
 *   newest one is found in one step. seq and time of a run are read from there and from nowhere else:
 *   most commits are one row.
 * - `grouped` has the checkpoints that were committed together with many others. In `checkpoints` each
 *   of them would be a page to write; here they lie in the order of commits, with a small index. It was
 *   four times as fast with 1,000 runs at once, and two thirds as fast with one.
 * - `runs_listed` serves every list but those by tag: a list over several statuses merges them. Each
 *   further index would be a further page to write at each start of a run. `runs_due` has only the runs
 *   that wait for a time.
 * - `records` has all kinds of rows but one. Keys are written with `ordered`, as are the ids in `inbox`.
 * - `steps` and `grouped_steps` are a log of the rows of kind `step`: `key` packs run and place, as in
 *   `checkpoints`, and the last of several rows with one name counts. So a step is one row behind the last
 *   one of its run: one page to write. In `records` it was 1.7 to 2.3 pages, as SQLite splits its pages
 *   while they fill from one end, and 21 µs in place of 15. A run has few steps at a time, so they are
 *   looked through to find one.
 * - `inbox.n` rises in the order of arrival, in each run for itself.
 * - A list of questions is led by one of their indexes, or by `question_tags`.
 */
const steps: readonly string[] = [
  `
  CREATE TABLE owners (
    oid INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    expires INTEGER NOT NULL,
    holder TEXT NOT NULL
  );
  CREATE TABLE runs (
    rid INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    fence INTEGER NOT NULL,
    owner INTEGER,
    machine TEXT NOT NULL,
    version TEXT,
    status TEXT NOT NULL,
    due INTEGER,
    created INTEGER NOT NULL,
    tags TEXT NOT NULL,
    more TEXT NOT NULL
  );
  CREATE INDEX runs_listed ON runs (status, created, id, machine);
  CREATE INDEX runs_due ON runs (due, id) WHERE due IS NOT NULL;
  CREATE TABLE tags (
    tag TEXT NOT NULL,
    created INTEGER NOT NULL,
    id TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (tag, created, id)
  ) WITHOUT ROWID;
  CREATE TABLE checkpoints (
    key INTEGER PRIMARY KEY,
    base INTEGER NOT NULL,
    time INTEGER NOT NULL,
    header TEXT NOT NULL,
    body TEXT NOT NULL
  );
  CREATE TABLE grouped (
    n INTEGER PRIMARY KEY,
    key INTEGER NOT NULL UNIQUE,
    base INTEGER NOT NULL,
    time INTEGER NOT NULL,
    header TEXT NOT NULL,
    body TEXT NOT NULL
  );
  CREATE VIEW every_checkpoint AS
    SELECT key, base, time, header, body FROM checkpoints
    UNION ALL
    SELECT key, base, time, header, body FROM grouped;
  CREATE TABLE records (
    rid INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value NOT NULL,
    PRIMARY KEY (rid, kind, key)
  ) WITHOUT ROWID;
  CREATE TABLE steps (key INTEGER PRIMARY KEY, name TEXT NOT NULL, value NOT NULL);
  CREATE TABLE grouped_steps (
    n INTEGER PRIMARY KEY,
    key INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    value NOT NULL
  );
  CREATE VIEW every_step AS
    SELECT key, name, value FROM steps
    UNION ALL
    SELECT key, name, value FROM grouped_steps;
  CREATE TABLE inbox (
    rid INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (rid, n),
    UNIQUE (rid, id)
  ) WITHOUT ROWID;
  CREATE TABLE questions (
    qid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    rid INTEGER NOT NULL,
    machine TEXT NOT NULL,
    assignee TEXT,
    tags TEXT NOT NULL,
    opened INTEGER NOT NULL,
    value TEXT NOT NULL
  );
  CREATE INDEX questions_listed ON questions (opened, id);
  CREATE INDEX questions_by_run ON questions (rid, opened, id);
  CREATE INDEX questions_by_machine ON questions (machine, opened, id);
  CREATE INDEX questions_by_assignee ON questions (assignee, opened, id) WHERE assignee IS NOT NULL;
  CREATE TABLE question_tags (
    tag TEXT NOT NULL,
    opened INTEGER NOT NULL,
    id TEXT NOT NULL,
    qid INTEGER NOT NULL,
    PRIMARY KEY (tag, opened, id)
  ) WITHOUT ROWID;
  CREATE TABLE tombstones (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX tombstones_by_time ON tombstones (until);
  `,
];

/** Refuses what is not ours or newer than we are; before anything in the file is changed. */
export function checkSchema(db: Database, path: string): 'current' | 'older' {
  // One statement, as another process may be creating the tables now: it sees all of that, or nothing.
  const { application, version, tables } = db
    .prepare(
      `SELECT application_id AS application, user_version AS version,
              (SELECT count(*) FROM sqlite_schema) AS tables
       FROM pragma_application_id, pragma_user_version`,
    )
    .get() as { application: number; version: number; tables: number };
  if (application === 0 && version === 0 && tables === 0) return 'older';
  if (application !== applicationId) {
    throw new StoreError(
      `${path} is a database of another application. Choose another path; it was not changed.`,
      'failed',
    );
  }
  if (version > steps.length) {
    throw new StoreError(
      `${path} was written by a newer savepoint (schema ${version}; this one knows ${steps.length}). ` +
        `Update savepoint; the file was not changed.`,
      'failed',
    );
  }
  return version < steps.length ? 'older' : 'current';
}

/** Brings an older file forward, in one transaction. */
export function migrate(db: Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been faster while this one waited for the lock.
    if (checkSchema(db, path) === 'older') {
      const version = db.pragma('user_version', { simple: true }) as number;
      for (const step of steps.slice(version)) db.exec(step);
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${steps.length}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Where checkpoints are. */
export type CheckpointTable = 'checkpoints' | 'grouped';

/** Where the steps are that are written together with checkpoints. */
export const stepTables = { checkpoints: 'steps', grouped: 'grouped_steps' } as const;

/** `checkpoints.key` has the seq in its lower 28 bits and the run in the upper 25: a safe integer. */
const seqBits = 28;
/** One more than the largest seq. */
export const seqLimit: number = 2 ** seqBits;
/** One more than the largest `rid`. */
export const ridLimit: number = 2 ** (53 - seqBits);

function newestIn(table: CheckpointTable | (typeof stepTables)[CheckpointTable]): string {
  const start = `rid << ${seqBits}`;
  return `coalesce((SELECT max(key) FROM ${table} WHERE key BETWEEN ${start} AND (${start}) + ${seqLimit - 1}), ${start})`;
}

/** SQL for the key of a run's newest checkpoint, or of the place before its first. `rid` is in scope. */
export const newestKey: string = `max(${newestIn('checkpoints')}, ${newestIn('grouped')})`;

/** The same for the newest step. */
export const newestStep: string = `max(${newestIn('steps')}, ${newestIn('grouped_steps')})`;

/** SQL for the run that a write is for, if it is still held. Its parameters: rid, fence, oid. */
export const heldRun =
  'runs WHERE rid = ? AND fence = ? AND owner = ? AND EXISTS (SELECT 1 FROM owners WHERE oid = owner)';

/**
 * SQL for the time in milliseconds. It is SQLite's own clock: one for all processes of the machine, like
 * `Date.now()`, but a test that replaces `Date` does not stop the leases.
 */
export const now = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`;
