/** What an agent keeps: texts by name. */
import type { AnyActorLogic } from 'xstate';

/** Texts by name. */
export type Notes = Readonly<Record<string, string>>;

/** Writes a note, in place of what was there. */
export interface RememberEvent {
  readonly type: 'remember';
  readonly name: string;
  readonly text: string;
}

/** Takes a note out. */
export interface ForgetEvent {
  readonly type: 'forget';
  readonly name: string;
}

/** What a memory is. */
interface Kept {
  readonly notes: Notes;
}

/** A store that keeps notes: what `fromStore(notebook)` makes, or one of your own that takes its events, and more. */
export type NotesLogic = AnyActorLogic & {
  readonly transition: (snapshot: never, event: never, scope: never) => { readonly context: Kept };
};

/**
 * The memory of an agent, as `fromStore` of `@xstate/store` takes it.
 *
 * @example
 * import { fromStore } from '@xstate/store';
 *
 * agent({ id: 'clerk', model, memory: { notes: fromStore(notebook) } });
 */
export const notebook = {
  context: (notes: Notes): Kept => ({ notes }),
  on: {
    remember: ({ notes }: Kept, { name, text }: Omit<RememberEvent, 'type'>): Kept => ({
      notes: { ...notes, [name]: text },
    }),
    forget: ({ notes }: Kept, { name }: Omit<ForgetEvent, 'type'>): Kept => ({
      notes: Object.fromEntries(Object.entries(notes).filter(([kept]) => kept !== name)),
    }),
  },
};
