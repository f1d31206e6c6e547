/**
 * What the lines of a run's file come to.
 *
 * @module
 */
import type { Head, Question, RowKind } from '../../src/store.ts';
import type { Hold, RunLine } from './record.ts';
import { toText } from './text.ts';

/** Where something is written. */
export interface Place {
  /** Where its line begins, in bytes. */
  readonly at: number;
  readonly length: number;
  /** The part of the line that is garbage when this is. */
  readonly share: number;
}

/** A checkpoint without what is long. */
export interface KnownCheckpoint extends Place {
  readonly seq: number;
  readonly base: boolean;
  readonly time: number;
}

/** Rows of one kind by key, and the keys in order as soon as somebody has asked for them. */
export interface KnownRows {
  readonly places: Map<string, Place>;
  sorted: readonly string[] | undefined;
}

const noQuestions: ReadonlyMap<string, Question> = new Map();

/** All that there is of a run but for long texts, which are read where they are needed. */
export class RunState {
  head: Head | undefined;
  fence = 0;
  hold: Hold | undefined;
  checkpoints: KnownCheckpoint[] = [];
  readonly rows: Map<RowKind, KnownRows> = new Map();
  /** By id, in the order of arrival. */
  readonly inbox: Map<string, Place> = new Map();
  /** By id. Another map after each change. */
  questions: ReadonlyMap<string, Question> = noQuestions;
  /** Until when the id of a deleted run is taken, in milliseconds since 1970. */
  buried: number | undefined;
  /** No line follows: the file is to be written anew, or to be removed. */
  closed: 'sealed' | RunLine['ended'];
  /** In bytes: what is in the file for nothing. */
  garbage = 0;
  /** What was carried over from the file before, and the garbage in it. */
  kept: { readonly bytes: number; readonly garbage: number } = { bytes: 0, garbage: 0 };
  #headShare = 0;

  /** The seq of the newest checkpoint, 0 where there is none. */
  get seq(): number {
    return this.checkpoints.at(-1)?.seq ?? 0;
  }

  /** How much memory this takes, roughly, in places. */
  get weight(): number {
    let weight = 10 + this.checkpoints.length + this.inbox.size + this.questions.size;
    for (const { places } of this.rows.values()) weight += places.size;
    return weight;
  }

  apply(line: RunLine, at: number, length: number): void {
    const { head, checkpoints = [], put = [], messages = [], ask = [] } = line;
    const parts = checkpoints.length + put.length + messages.length + ask.length + (head ? 1 : 0);
    if (parts === 0) this.garbage += length;
    const place: Place = { at, length, share: length / parts };

    if (line.run !== undefined || line.buried !== undefined) this.#clear();
    if (line.buried !== undefined) this.buried = line.buried;
    if (line.fence !== undefined) this.fence = line.fence;
    if (line.hold !== undefined) this.hold = line.hold;
    if (head !== undefined) {
      this.garbage += this.#headShare;
      this.#headShare = place.share;
      this.head = { ...head, more: toText(head.more) };
    }
    for (const { seq, base, time } of checkpoints) {
      this.checkpoints.push({ seq, base: base === true, time, ...place });
    }
    if (line.dropBefore !== undefined) this.#dropCheckpoints(line.dropFrom ?? 0, line.dropBefore);
    this.#changeRows(line, place);
    this.#changeInbox(line, place);
    this.#changeQuestions(line, place);
    if (line.release === true) this.hold = undefined;
    if (line.sealed === true) this.closed = 'sealed';
    if (line.ended !== undefined) this.closed = line.ended;
    if (line.kept === true) this.kept = { bytes: at + length, garbage: this.garbage };
  }

  #clear(): void {
    for (const { share } of this.checkpoints) this.garbage += share;
    for (const { places } of this.rows.values()) {
      for (const { share } of places.values()) this.garbage += share;
    }
    for (const { share } of this.inbox.values()) this.garbage += share;
    this.garbage += this.#headShare;
    this.#headShare = 0;
    this.head = undefined;
    this.hold = undefined;
    this.fence = 0;
    this.checkpoints = [];
    this.rows.clear();
    this.inbox.clear();
    this.questions = noQuestions;
    this.buried = undefined;
  }

  #dropCheckpoints(from: number, before: number): void {
    this.checkpoints = this.checkpoints.filter(({ seq, share }) => {
      const stays = seq < from || seq >= before;
      if (!stays) this.garbage += share;
      return stays;
    });
  }

  #changeRows({ drop = [], put = [] }: RunLine, place: Place): void {
    for (const { kind, key } of drop) {
      const rows = this.rows.get(kind);
      this.garbage += rows?.places.get(key)?.share ?? 0;
      if (rows?.places.delete(key) === true) rows.sorted = undefined;
    }
    for (const { kind, key } of put) {
      let rows = this.rows.get(kind);
      if (rows === undefined) this.rows.set(kind, (rows = { places: new Map(), sorted: undefined }));
      const old = rows.places.get(key);
      if (old === undefined) rows.sorted = undefined;
      else this.garbage += old.share;
      rows.places.set(key, place);
    }
  }

  #changeInbox({ take = [], messages = [] }: RunLine, place: Place): void {
    for (const id of take) {
      this.garbage += this.inbox.get(id)?.share ?? 0;
      this.inbox.delete(id);
    }
    for (const { id } of messages) this.inbox.set(id, place);
  }

  #changeQuestions({ close = [], ask = [] }: RunLine, place: Place): void {
    if (close.length === 0 && ask.length === 0) return;
    const questions = new Map(this.questions);
    // What a question takes up is not remembered: it is little beside the rest of a run.
    for (const id of close) questions.delete(id);
    for (const question of ask) {
      questions.set(question.id, question);
      this.garbage += place.share;
    }
    this.questions = questions;
  }
}
