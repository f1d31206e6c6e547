/**
 * What is outside of the machines of one execution: a log of all that left them, and the effects that
 * run, which end when a sequence says so.
 */
import { fromCallback, fromEventObservable, fromObservable, fromPromise, type AnyActorLogic } from 'xstate';

/** What an effect is told to do. */
export type EffectOutcome = 'value' | 'error' | 'end' | 'bad';

interface LiveEffect {
  /** Of its actor. */
  readonly path: string;
  act(outcome: EffectOutcome, n: number): void;
}

interface Input {
  readonly path: string;
}

interface Observer {
  next?(value: unknown): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** Something that no store can keep. */
export const unstorable = (n: number): unknown => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  return [() => n, Symbol('unstorable'), new (class Unknown {})(), cycle][n % 4];
};

const spoiled = (value: unknown, n: number): unknown => ({ ...(value as object), spoil: unstorable(n) });

export class World {
  readonly said: string[] = [];
  /** Those that run. XState may start one before it stops the one whose place it takes. */
  readonly effects = new Set<LiveEffect>();
  readonly logics: Readonly<Record<'promise' | 'callback' | 'observable' | 'events', AnyActorLogic>>;

  constructor() {
    this.logics = {
      promise: this.#promise(),
      callback: this.#callback(),
      observable: fromObservable(({ input }: { input: Input }) =>
        this.#observable(input.path, (n) => ({ n }), true),
      ) as AnyActorLogic,
      events: fromEventObservable(({ input }: { input: Input }) =>
        this.#observable(input.path, (n) => ({ type: 'ABCD'[n % 4], n }), false),
      ) as AnyActorLogic,
    };
  }

  say(...what: unknown[]): void {
    this.said.push(what.join(' '));
  }

  /** The paths of all effects that run. */
  get running(): string[] {
    return [...this.effects].map(({ path }) => path).toSorted();
  }

  /** Lets the effect at a path do something. */
  act(path: string, outcome: EffectOutcome, n: number): void {
    const effect = [...this.effects].find((one) => one.path === path);
    if (!effect) throw new Error(`No effect runs at '${path}'.`);
    effect.act(outcome, n);
  }

  /** An effect starts; what it returns is to be called when it ends. */
  #begin(path: string, act: LiveEffect['act']): () => void {
    this.say('starts', path);
    const effect = { path, act };
    this.effects.add(effect);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.say('ends', path);
      this.effects.delete(effect);
    };
  }

  #promise(): AnyActorLogic {
    return fromPromise(
      ({ input: { path }, signal }: { input: Input; signal: AbortSignal }) =>
        new Promise((resolve, reject) => {
          const end = this.#begin(path, (outcome, n) => {
            end();
            if (outcome === 'error') reject(new Error(`promise ${n}`));
            else resolve({ n: outcome === 'bad' ? unstorable(n) : n, at: new Date(n) });
          });
          signal.addEventListener('abort', end);
        }),
    ) as AnyActorLogic;
  }

  #callback(): AnyActorLogic {
    return fromCallback(({ input, sendBack, receive }) => {
      const { path } = input as Input;
      const end = this.#begin(path, (_, n) => sendBack({ type: 'ABCD'[n % 4]!, n }));
      receive((event) => this.say(path, 'receives', event.type));
      // Below the root it would be told to the parent as a snapshot, at another time than in bare XState.
      if (path.lastIndexOf('/') === 0) sendBack({ type: 'SYNC' });
      return end;
    }) as AnyActorLogic;
  }

  /** @param kept its values become the actor's state, so that one may be unstorable; else they are events. */
  #observable(path: string, valueOf: (n: number) => unknown, kept: boolean): any {
    return {
      subscribe: (observer: Observer) => {
        const end = this.#begin(path, (outcome, n) => {
          if (outcome === 'value') return observer.next?.(valueOf(n));
          if (outcome === 'bad') return observer.next?.(kept ? spoiled(valueOf(n), n) : valueOf(n));
          end();
          if (outcome === 'end') observer.complete?.();
          else observer.error?.(new Error(`observable ${n}`));
        });
        return { unsubscribe: end };
      },
    };
  }
}
