/**
 * The first try of a step, from its work to its entry in the journal.
 *
 * With as few promises and closures as there can be, as a function may have many thousands of steps; and in an object of
 * a class, as V8 comes to make those of a literal among the old ones where they live until a commit.
 */
import type { Journal, Written } from './journal.ts';
import type { StepCall } from './step-call.ts';

/** Whose step it is. */
export interface FirstTryOwner {
  readonly journal: Journal;
  /** What is journaled of a result. Throws where it cannot be stored, and where nothing is written any more. */
  textOf(call: StepCall, result: unknown): string;
  /** The call is over. */
  leave(call: StepCall): void;
  /** What the effect fails with: its journal takes no more. */
  failedBy(error: unknown): unknown;
}

export class FirstTry implements Written {
  #result: unknown;

  constructor(
    private readonly owner: FirstTryOwner,
    private readonly call: StepCall,
    private readonly give: (result: unknown) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** Its work has come to a result. */
  succeed(result: unknown): void {
    const { owner, call } = this;
    call.tried();
    this.#result = result;
    let text: string;
    try {
      text = owner.textOf(call, result);
    } catch (error) {
      return this.#refuse(error);
    }
    owner.journal.write(call.key, text, this);
  }

  /** The result is durable. */
  resolve(): void {
    this.owner.leave(this.call);
    this.give(this.#result);
  }

  /** It never will be. */
  reject(error: unknown): void {
    this.#refuse(this.owner.failedBy(error));
  }

  #refuse(error: unknown): void {
    this.owner.leave(this.call);
    this.fail(error);
  }
}
