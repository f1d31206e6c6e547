/** Drives one sequence on a run and on bare XState, and compares them after every step. */
import type { AnyEventObject } from 'xstate';
import { NotSerializableError } from 'savepoint';
import { Bare } from './bare.ts';
import { Durable, TICKS_AT_ONCE, type Place } from './durable.ts';
import type { SequenceSpec, StepSpec } from './spec.ts';
import { difference, viewOf } from './view.ts';
import type { EffectOutcome } from './world.ts';

/** What happened in all sequences, so that a figure shows what was tried. */
export const tally = {
  sequences: 0,
  steps: 0,
  taken: 0,
  ignored: 0,
  reopened: 0,
  effects: 0,
  refusals: 0,
  failures: 0,
  ended: 0,
  lost: 0,
  orders: 0,
  checkpoints: 0,
  unusable: 0,
  /** What the store did wrong. */
  faults: { late: 0, failed: 0, lost: 0, conflict: 0, broken: 0, refused: 0 },
};

function count({ refused, place: { flaky } }: Durable): void {
  const { faults } = tally;
  faults.refused += refused;
  for (const [fault, times] of Object.entries(flaky?.faults ?? {}))
    faults[fault as keyof typeof faults] += times;
}

/** @throws what differs, and where. */
export async function checkSequence(spec: SequenceSpec, place: Place): Promise<void> {
  const bare = new Bare(spec.machine);
  try {
    await bare.start();
  } catch {
    // A machine that XState itself cannot start.
    tally.unusable++;
    return;
  }
  const durable = new Durable(spec, place);
  const check = new Check(spec, place, bare, durable);
  try {
    await check.run();
  } finally {
    await durable.leave().catch(() => {});
    count(durable);
  }
}

class Check {
  #where = 'start';
  /** Has nothing happened by which what leaves the machine comes in another order, or once more? */
  #inOrder = true;

  constructor(
    private readonly spec: SequenceSpec,
    private readonly place: Place,
    private readonly bare: Bare,
    private readonly durable: Durable,
  ) {}

  async run(): Promise<void> {
    tally.sequences++;
    try {
      if (await this.#isRefused(() => this.#start())) return;
      this.#compare();
      for (const [at, step] of this.spec.steps.entries()) {
        if (!this.bare.isActive) break;
        this.#where = `step ${at} (${step.step})`;
        tally.steps++;
        if (await this.#isRefused(() => this.#step(step))) return;
        this.#compare();
        if (!step.reopen || !this.bare.isActive) continue;
        this.#where += ', opened anew';
        if (await this.#isRefused(() => this.#reopen(step.away))) return;
        this.#compare();
      }
      this.#where = 'at the end';
      await this.#checkEnd();
      await this.#checkStored();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.place.name}, ${this.#where}: ${message}`, { cause: error });
    }
  }

  /** Where bare XState loses an actor, a run refuses the turn, and that is all that can be compared. */
  async #isRefused(drive: () => Promise<void>): Promise<boolean> {
    let failure: { readonly error: unknown } | undefined;
    try {
      await drive();
    } catch (error) {
      failure = { error };
    }
    if (this.bare.hasLostActors) {
      tally.lost++;
      return true;
    }
    if (failure) throw failure.error;
    return false;
  }

  async #reopen(away: number): Promise<void> {
    const { bare, durable } = this;
    this.#inOrder = false;
    tally.reopened++;
    const ms = this.spec.delays === 'deadline' || this.place.flaky ? away : 0;
    await bare.tick(ms);
    await durable.reopen(() => durable.clock.increment(ms));
    await this.#tickAtOnce();
  }

  async #start(): Promise<void> {
    await this.durable.start();
    await this.#tickAtOnce();
  }

  async #tickAtOnce(): Promise<void> {
    await this.#tickBareAtOnce();
    await this.durable.tickAtOnce();
  }

  async #tickBareAtOnce(): Promise<void> {
    for (let tick = 0; tick < TICKS_AT_ONCE; tick++) this.bare.clock.increment(0);
    await this.bare.tick(0);
  }

  async #step(step: StepSpec): Promise<void> {
    await this.#stimulate(step);
    await this.#tickAtOnce();
  }

  async #stimulate(step: StepSpec): Promise<void> {
    switch (step.step) {
      case 'send':
        return this.#send([{ type: step.event, n: step.n }]);
      case 'burst': {
        const refused = this.spec.seed % 2 === 0 ? Math.abs(this.spec.seed) % step.events.length : undefined;
        return this.#send(
          step.events.map(({ event, n }) => ({ type: event, n })),
          refused,
        );
      }
      case 'tick':
        await this.bare.tick(step.ms);
        return this.durable.tick(step.ms);
      case 'effect':
        return this.#effect(step.pick, step.outcome);
      case 'again': {
        const { sent } = this.durable;
        if (sent.length > 0) await this.durable.sendAgain(sent[step.pick % sent.length]!);
        return;
      }
      case 'bad': {
        const refusal = await this.durable.sendBad();
        if (refusal === undefined) {
          // It was in an actor that was gone at the end of the turn.
          await this.bare.send([{ type: 'BAD' }]);
          return;
        }
        if (!(refusal instanceof NotSerializableError)) throw refusal;
        tally.refusals++;
        return;
      }
      case 'fail': {
        const { flaky } = this.place;
        // An action that failed is not told twice: a conflict just then may lose it.
        if (flaky) flaky.spared = ['conflict'];
        await this.#send([{ type: 'FAIL', root: step.root }]);
        if (flaky) flaky.spared = [];
        tally.failures++;
      }
    }
  }

  async #send(events: readonly AnyEventObject[], refused?: number): Promise<void> {
    let groups: Awaited<ReturnType<Durable['send']>>;
    try {
      groups = await this.durable.send(events, refused);
    } catch (error) {
      await this.bare.send(events);
      throw error;
    }
    const taken: boolean[] = [];
    for (const [at, group] of groups.entries()) {
      if (at > 0) await this.#tickBareAtOnce();
      taken.push(...(await this.bare.send(group.map((one) => events[one.at]!))));
    }
    for (const [at, one] of groups.flat().entries()) {
      tally[one.taken ? 'taken' : 'ignored']++;
      // What throws takes the microstep with it by which bare XState tells.
      if (
        one.taken !== taken[at] &&
        events[at]!.type !== 'FAIL' &&
        this.bare.actor.getSnapshot().status !== 'error'
      )
        throw new Error(
          `event ${at} was ${one.taken ? 'taken' : 'ignored'}, bare XState ${taken[at] ? 'takes' : 'ignores'} it`,
        );
    }
  }

  async #effect(pick: number, outcome: EffectOutcome): Promise<void> {
    const { bare, durable } = this;
    const paths = bare.world.running;
    if (paths.length === 0) return;
    const path = paths[pick % paths.length]!;
    tally.effects++;
    if (outcome !== 'bad' || !durable.isExact) {
      const sane = outcome === 'bad' ? 'error' : outcome;
      await bare.act(path, sane, pick);
      return durable.act(() => durable.world.act(path, sane, pick));
    }
    const { seq } = durable.run;
    await durable.act(() => durable.world.act(path, 'bad', pick));
    // What it brought may be gone at the end of the turn; else the turn was refused, and the effect failed.
    const failed = /reject|error|failure/.test((await durable.causeAfter(seq)) ?? '');
    if (failed) tally.refusals++;
    await bare.act(path, failed ? 'error' : 'bad', pick);
    // It is stopped for what it brought; in bare XState it ends by itself, and so before what follows.
    this.#inOrder = false;
  }

  #compare(): void {
    const { bare, durable } = this;
    const found =
      difference(
        viewOf(bare.actor.getPersistedSnapshot()),
        viewOf(durable.run.actor.getPersistedSnapshot()),
      ) ??
      (bare.isActive ? difference(bare.world.running, durable.world.running, 'effects') : undefined) ??
      difference(this.#statusOfBare(), this.#statusOfDurable(), 'status');
    if (found) throw new Error(found);
    // XState lets the effects of a root that failed run on; a run aborts them.
    if (!this.#inOrder || durable.opened > 0 || bare.actor.getSnapshot().status === 'error') return;
    const order = difference(bare.world.said, durable.world.said, 'order of what left the machine');
    if (order) throw new Error(order);
  }

  #statusOfBare(): string {
    const { bare } = this;
    const { status } = bare.actor.getSnapshot();
    if (status === 'done') return 'done';
    if (status === 'error') return 'failed';
    if (bare.world.effects.size > 0) return 'running';
    return bare.isWaiting ? 'waitingForInput' : 'at rest';
  }

  #statusOfDurable(): string {
    const { status } = this.durable.run;
    return status === 'idle' || status === 'sleeping' ? 'at rest' : status;
  }

  async #checkEnd(): Promise<void> {
    const { bare, durable } = this;
    if (this.#inOrder && durable.opened === 0) tally.orders++;
    const { status, output } = bare.actor.getSnapshot() as { status: string; output?: unknown };
    if (status === 'active') return;
    tally.ended++;
    const done = await durable.run.done().then(
      (value) => ({ value }),
      () => 'rejected',
    );
    const found = difference(status === 'done' ? { value: output } : 'rejected', done, 'done()');
    if (found) throw new Error(found);
    await durable.reopen(() => {});
    const again = difference(
      viewOf(bare.actor.getPersistedSnapshot()),
      viewOf(durable.run.actor.getPersistedSnapshot()),
    );
    if (again) throw new Error(`opened at its end: ${again}`);
  }

  /** What the store has is what the machine had, and the receipts told the truth. */
  async #checkStored(): Promise<void> {
    const { bare, durable } = this;
    const { flaky } = this.place;
    if (flaky) flaky.spared = ['broken'];
    await durable.run.flush();
    const { runtime, run, lost } = durable;
    const conflicts = flaky?.faults.conflict ?? 0;
    if (lost !== conflicts) throw new Error(`${conflicts} conflicts closed the run ${lost} times`);
    const info = await runtime.get(run.id);
    const { snapshot } = await runtime.checkpoint(run.id, info.seq);
    const found = difference(viewOf(bare.actor.getPersistedSnapshot()), viewOf(snapshot));
    if (found) throw new Error(`checkpoint ${info.seq}: ${found}`);
    if (!durable.isExact) return;
    const ids = new Map<number, string | undefined>();
    for await (const { seq, cause } of runtime.history(run.id)) {
      ids.set(seq, cause.id);
      if (ids.size !== seq) throw new Error(`history has a gap before seq ${seq}`);
    }
    tally.checkpoints += ids.size;
    if (ids.size !== info.seq) throw new Error(`history ends at ${ids.size}, the run at ${info.seq}`);
    for (const { id, receipt } of durable.sent)
      if (ids.get(receipt.seq!) !== id)
        throw new Error(
          `the receipt of '${id}' says seq ${receipt.seq}, which is '${ids.get(receipt.seq!)}'`,
        );
  }
}
