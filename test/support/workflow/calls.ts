/** What the functions of a random workflow did, told one call at a time. */
import { currentEffect } from 'savepoint';

/** Something that a function did: its beginning, or its end. */
export interface Call {
  readonly at: 'begin' | 'end';
  /** Which function, of which node. */
  readonly of: CallOf;
  /** What tells one attempt from another: the same for one that a kill cut off and that ran again. */
  readonly effect: string;
}

/** A function of a node. */
export interface CallOf {
  readonly node: string;
  /** `run`: its work as a whole. `one`, `two`: its steps. A number: an iteration or item. `undo`, `inner`. */
  readonly part: string;
}

export class Calls {
  readonly all: Call[];
  #unhosted = 0;

  constructor(
    /** What was done in other processes before. */
    before: readonly Call[] = [],
    private readonly write: (call: Call) => void = () => {},
  ) {
    this.all = [...before];
  }

  /** A function begins. Gives which attempt it is, from 1 on. */
  begin(of: CallOf, effect = currentEffect()?.effectId ?? `unhosted ${this.#unhosted++}`): number {
    this.#add({ at: 'begin', of, effect });
    return effectsOf(this.all, of).indexOf(effect) + 1;
  }

  end(of: CallOf): void {
    this.#add({ at: 'end', of, effect: currentEffect()?.effectId ?? '' });
  }

  #add(call: Call): void {
    this.write(call);
    this.all.push(call);
  }
}

/** The attempts at a function, in the order in which they first began. */
export function effectsOf(calls: readonly Call[], { node, part }: CallOf): string[] {
  const its = calls.filter(({ at, of }) => at === 'begin' && of.node === node && of.part === part);
  return [...new Set(its.map(({ effect }) => effect))];
}
