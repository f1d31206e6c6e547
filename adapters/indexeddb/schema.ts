/**
 * The object stores, and how a database gets them. The version is that of the database; a step that was
 * once released never changes.
 *
 * @module
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import { StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Head, Question, Row, RowKind } from '../../src/store.ts';

/** An owner of runs. One that has no record holds nothing, whatever `fences` say. */
export interface OwnerRecord {
  /** The end of its lease, in milliseconds since 1970. */
  readonly expires: number;
  /** It holds a Web Lock for as long as its tab lives. */
  readonly lock: boolean;
  /** Where the tab is, for people. */
  readonly page: string;
}

/** Who may write a run now, and what its newest checkpoint is. */
export interface FenceRecord {
  readonly fence: number;
  readonly owner?: string;
  readonly seq: number;
  /** The newest checkpoint's time. */
  readonly time: number;
}

/** A run's head. */
export interface RunRecord extends Omit<Head, 'createdAt'> {
  readonly id: string;
  readonly created: number;
  /** A place in the index for each tag. */
  readonly tagged: readonly [tag: string, created: number, id: string][];
}

/** A checkpoint. */
export interface CheckpointRecord extends Omit<CheckpointRow, 'base'> {
  readonly run: string;
  /** The seq once more, and only on a base: so the index has the bases alone. */
  readonly baseSeq?: number;
}

/** A message that waits. */
interface MessageRecord {
  readonly run: string;
  readonly id: string;
  /** Rises in the order of arrival, in each run for itself. */
  readonly n: number;
  readonly value: string;
}

/** An open question. */
export interface QuestionRecord extends Question {
  readonly run: string;
  readonly tagged: readonly [tag: string, opened: number, id: string][];
}

/** A deleted run. */
interface TombstoneRecord {
  readonly run: string;
  /** When the id may be used again, in milliseconds since 1970. */
  readonly until: number;
}

/**
 * What a database holds. Keys and indexes are arrays, and texts in them are ordered code unit by code
 * unit, as everywhere in JavaScript.
 *
 * - `fences` is apart from `runs`, as it is written with each checkpoint and needs no index: a put is half
 *   as dear without one.
 * - `held` tells which runs an owner holds, or held when it was last heard of.
 * - `runs.status` and `runs.machine` serve every list but those by tag: a list over several statuses merges
 *   them.
 */
export interface Schema extends DBSchema {
  owners: { key: string; value: OwnerRecord };
  fences: { key: string; value: FenceRecord };
  held: { key: [owner: string, run: string]; value: true };
  runs: {
    key: string;
    value: RunRecord;
    indexes: {
      status: [status: string, created: number, id: string];
      machine: [machine: string, status: string, created: number, id: string];
      due: [due: number, id: string];
      tagged: [tag: string, created: number, id: string];
    };
  };
  checkpoints: {
    key: [run: string, seq: number];
    value: CheckpointRecord;
    indexes: { bases: [run: string, seq: number] };
  };
  rows: { key: [run: string, kind: RowKind, key: string]; value: Row['value'] };
  inbox: {
    key: [run: string, id: string];
    value: MessageRecord;
    indexes: { arrival: [run: string, n: number] };
  };
  questions: {
    key: string;
    value: QuestionRecord;
    indexes: {
      opened: [opened: number, id: string];
      run: [run: string, opened: number, id: string];
      machine: [machine: string, opened: number, id: string];
      assignee: [assignee: string, opened: number, id: string];
      tagged: [tag: string, opened: number, id: string];
    };
  };
  tombstones: { key: string; value: TombstoneRecord; indexes: { until: number } };
}

/** The name of an object store. */
export type StoreName = StoreNames<Schema>;
/** An open database. */
export type Database = IDBPDatabase<Schema>;
/** A transaction that reads. */
export type Reading = IDBPTransaction<Schema, StoreName[]>;
/** A transaction that also writes. */
export type Writing = IDBPTransaction<Schema, StoreName[], 'readwrite'>;

const steps: readonly ((db: Database) => void)[] = [
  (db) => {
    db.createObjectStore('owners');
    db.createObjectStore('fences');
    db.createObjectStore('held');
    const runs = db.createObjectStore('runs', { keyPath: 'id' });
    runs.createIndex('status', ['status', 'created', 'id']);
    runs.createIndex('machine', ['machine', 'status', 'created', 'id']);
    runs.createIndex('due', ['due', 'id']);
    runs.createIndex('tagged', 'tagged', { multiEntry: true });
    const checkpoints = db.createObjectStore('checkpoints', { keyPath: ['run', 'seq'] });
    checkpoints.createIndex('bases', ['run', 'baseSeq']);
    db.createObjectStore('rows');
    const inbox = db.createObjectStore('inbox', { keyPath: ['run', 'id'] });
    inbox.createIndex('arrival', ['run', 'n']);
    const questions = db.createObjectStore('questions', { keyPath: 'id' });
    questions.createIndex('opened', ['opened', 'id']);
    questions.createIndex('run', ['run', 'opened', 'id']);
    questions.createIndex('machine', ['machine', 'opened', 'id']);
    questions.createIndex('assignee', ['assignee', 'opened', 'id']);
    questions.createIndex('tagged', 'tagged', { multiEntry: true });
    const tombstones = db.createObjectStore('tombstones', { keyPath: 'run' });
    tombstones.createIndex('until', 'until');
  },
];

/** The version that this code writes. */
export const schemaVersion: number = steps.length;

const storeNames: readonly StoreName[] = [
  'owners',
  'fences',
  'held',
  'runs',
  'checkpoints',
  'rows',
  'inbox',
  'questions',
  'tombstones',
];

/** Brings an older database forward, inside the transaction of its upgrade. What is not ours is refused. */
export function upgrade(db: Database, version: number): void {
  if (version > 0) checkOurs(db);
  for (const step of steps.slice(version)) step(db);
}

/** Refuses a database that another application made under this name. */
export function checkOurs(db: Database): void {
  if (storeNames.every((name) => db.objectStoreNames.contains(name))) return;
  throw new StoreError(
    `The database '${db.name}' is one of another application. Choose another name; it was not changed.`,
    'failed',
  );
}
