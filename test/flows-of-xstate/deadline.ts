/** A commission is agreed, begun and handed over, in this order and within thirty days, or it is called off. */
import { workflow } from 'savepoint/machines';
import { fromPromise, setup } from 'xstate';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

const DAY = 24 * 60 * 60 * 1000;
const DEADLINE = 30 * DAY;

const callOffWith = (note: Note) => async (): Promise<void> => note('called off');

export const deadline: Twice = {
  of: 'workflow-purchase-order-deadline',

  byHand: (note) =>
    setup({
      types: typed<{ events: { type: 'agree' } | { type: 'begin' } | { type: 'hand over' } }>(),
      actors: { callOff: fromPromise(callOffWith(note)) },
    }).createMachine({
      id: 'commission',
      initial: 'asked',
      after: { [DEADLINE]: '.callingOff' },
      states: {
        asked: { on: { agree: 'agreed' } },
        agreed: { on: { begin: 'begun' } },
        begun: { on: { 'hand over': 'over' } },
        over: { type: 'final', output: 'handed over' },
        callingOff: { invoke: { src: 'callOff', onDone: 'off' } },
        off: { type: 'final', output: 'called off' },
      },
      output: ({ event }) => event.output,
    }),

  asWorkflow: (note) =>
    workflow({
      id: 'commission',
      nodes: (flow) =>
        flow
          .wait('thirty days', { for: DEADLINE })
          .waitFor('agreed', { event: 'agree' })
          .waitFor('begun', { after: ['agreed'], event: 'begin' })
          .waitFor('over', { after: ['begun'], event: 'hand over' })
          // What the other one of the two was waiting for is cancelled.
          .join('end', { after: ['over', 'thirty days'], wait: 'any' })
          .task('call off', {
            after: ['end'],
            when: ({ results }) => results.end.over === undefined,
            run: callOffWith(note),
          }),
      output: ({ results }) => (results.over ? 'handed over' : 'called off'),
    }),

  ways: [
    {
      name: 'in time',
      happens: [
        { send: { type: 'agree' } },
        { pass: 10 * DAY },
        { send: { type: 'begin' } },
        { pass: 19 * DAY },
        { send: { type: 'hand over' } },
      ],
      output: 'handed over',
    },
    {
      name: 'in the wrong order',
      happens: [
        { send: { type: 'begin' } },
        { send: { type: 'hand over' } },
        { send: { type: 'agree' } },
        { pass: DEADLINE },
      ],
      output: 'called off',
    },
    { name: 'too late', happens: [{ send: { type: 'agree' } }, { pass: DEADLINE }], output: 'called off' },
  ],
};
