/** The tools by which a model keeps notes, and finds them again. */
import { jsonSchema } from 'ai';
import { type AnyActorRef, sendTo, setup } from 'xstate';
import { parentOf } from '../../../src/index.ts';
import type { DurableTool } from '../tools/tool.ts';
import type { ForgetEvent, Notes, RememberEvent } from './notebook.ts';

/** The id of the actor that keeps the notes of an agent. */
export const MEMORY = 'memory';

/** The memory of the agent whose call works. */
function memoryOf(work: AnyActorRef): AnyActorRef {
  const agent = parentOf(parentOf(work)!)!;
  const { children } = agent.getSnapshot() as { readonly children: Readonly<Record<string, AnyActorRef>> };
  return children[MEMORY]!;
}

/** What is kept now. */
export const notesIn = (memory: AnyActorRef): Notes =>
  (memory.getSnapshot() as { readonly context: { readonly notes: Notes } }).context.notes;

interface Change {
  readonly change: RememberEvent | ForgetEvent;
  readonly told: string;
}

/** Changes the notes: within the turn, so that the change and the result of the call are one checkpoint. */
const changeTypes: { context?: Change; input?: Change; output?: string } = {};
const changing = setup({ types: changeTypes }).createMachine({
  id: 'note',
  context: ({ input }) => input,
  initial: 'done',
  states: {
    done: {
      type: 'final',
      entry: sendTo(
        ({ self }) => memoryOf(self),
        ({ context }) => context.change,
      ),
    },
  },
  output: ({ context }) => context.told,
});

interface Asked {
  readonly name: string;
}

const readTypes: { context?: { text: string }; input?: Asked; output?: string } = {};
const reading = setup({ types: readTypes }).createMachine({
  id: 'note',
  context: ({ input: { name }, self }) => {
    const notes = notesIn(memoryOf(self));
    return {
      text: Object.hasOwn(notes, name)
        ? notes[name]!
        : `There is no note '${name}'; there are: ${Object.keys(notes).join(', ') || 'none'}.`,
    };
  },
  initial: 'done',
  states: { done: { type: 'final' } },
  output: ({ context }) => context.text,
});

const named = (more: Readonly<Record<string, object>> = {}) =>
  jsonSchema<never>(
    {
      type: 'object',
      properties: { name: { type: 'string', description: 'What the note is found by.' }, ...more },
      required: ['name', ...Object.keys(more)],
      additionalProperties: false,
    },
    { validate: validated(['name', ...Object.keys(more)]) },
  );

/** A model may leave out what it likes; nothing but texts is kept. */
const validated = (members: readonly string[]) => (given: unknown) => {
  const wrong = members.find(
    (member) => typeof (given as Readonly<Record<string, unknown>> | null)?.[member] !== 'string',
  );
  return wrong === undefined
    ? ({ success: true, value: given as never } as const)
    : ({ success: false, error: new Error(`'${wrong}' is a text.`) } as const);
};

/** The tools of an agent that has a memory. */
export const noteTools: Readonly<Record<string, DurableTool>> = {
  remember: {
    description: 'Keeps a note for later, in place of the one of that name.',
    inputSchema: named({ text: { type: 'string' } }),
    run: changing,
    toInput: ({ name, text }: { name: string; text: string }): Change => ({
      change: { type: 'remember', name, text },
      told: `Kept '${name}'.`,
    }),
  },
  recall: { description: 'Reads a note.', inputSchema: named(), run: reading },
  forget: {
    description: 'Takes a note out.',
    inputSchema: named(),
    run: changing,
    toInput: ({ name }: Asked): Change => ({
      change: { type: 'forget', name },
      told: `'${name}' is forgotten.`,
    }),
  },
};
