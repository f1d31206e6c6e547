/**
 * Decides what a workflow does next: from its context and what happened, and by the functions of its nodes. One is made
 * for each event. It changes a ledger, which then becomes the context.
 */
import { retryDelay } from '../../../src/index.ts';
import { WorkflowError } from '../errors.ts';
import type { NodeType } from '../graph/definition.ts';
import type { Edge, Graph } from '../graph/graph.ts';
import { ERROR_ROUTE, needed } from '../graph/references.ts';
import type { Ledger } from './ledger.ts';
import type { EndMessage, RetryEvent } from './messages.ts';
import type { Plan } from './plan.ts';
import type { NodeRecord } from './record.ts';
import type { FunctionInput } from '../work/function-work.ts';
import { checkStorable } from './check-storable.ts';
import { keptError } from './kept-error.ts';
import { tellsOfUndoing } from './undone-within.ts';
import { cacheKey, givenTo, startNode, type Starter } from './start-node.ts';

const isEnd = ({ status }: NodeRecord): boolean =>
  status === 'done' || status === 'failed' || status === 'skipped' || status === 'cancelled';

/** What counts against `concurrency`: not what only waits. */
const working: ReadonlySet<NodeType> = new Set(['task', 'subflow', 'loop', 'map']);

/** Does what became of a node meet an edge that comes from it? Of what is done, only a choice takes a route. */
const meets = ({ nodes }: Graph, { status, output }: NodeRecord, { from, route }: Edge): boolean =>
  status === 'done'
    ? route === undefined || (nodes[from]!.type === 'choice' && route === output)
    : status === 'failed' && route === ERROR_ROUTE;

const tookLonger = (id: string, timeout: number): WorkflowError =>
  new WorkflowError('WORKFLOW_TIMEOUT', `The node '${id}' took longer than ${timeout} ms.`, id);

/** What tells the effects of a node from those that it had before. */
const partOf = ({ iteration = 1, round = 0 }: NodeRecord): string =>
  `${round > 0 ? `/again-${round}` : ''}${iteration > 1 ? `/${iteration}` : ''}`;

export class Scheduler implements Starter {
  /** Nodes that all is decided for, by number. */
  #ready: number[] = [];
  /** The node whose turn it is. */
  #alone: number | undefined;

  constructor(
    readonly graph: Graph,
    readonly planOf: (number: number) => Plan,
    readonly ledger: Ledger,
  ) {}

  // --- What happened

  begin(): void {
    this.graph.before.forEach((edges, number) => {
      if (edges.length === 0) this.#ready.push(number);
    });
    this.#goOn();
  }

  /** A node is to start in a turn of its own. Meanwhile, what it depends on may be run again. */
  startAlone(id: string): void {
    this.ledger.teller = id;
    const number = this.graph.numbers.get(id)!;
    const { status, open = 0, met = 0 } = this.ledger.get(number);
    const wanted = needed(this.graph.nodes[number]!.wait);
    if (status !== 'pending' || (open > 0 && !(wanted > 0 && met >= wanted))) return;
    this.#alone = number;
    this.#ready.push(number);
    this.#goOn();
  }

  /** The work of a node came to something, whose actor has ended unless it asks. */
  worked(id: string, output: unknown): void {
    this.ledger.teller = id;
    const number = this.graph.numbers.get(id)!;
    const plan = this.planOf(number);
    const { until, next, limit = Infinity } = plan;
    const { iteration = 0 } = this.ledger.get(number);
    if (!until) {
      this.#keep(number, output);
      this.done(number, output);
    } else
      this.attempt(number, () => {
        const came = { output, iteration };
        if (until(came)) {
          this.#keep(number, output);
          return this.done(number, output, 'node.done');
        }
        if (iteration >= limit)
          throw new WorkflowError(
            'WORKFLOW_LOOP_LIMIT',
            `The loop '${id}' came to its limit of ${limit} iterations before what it waits for was true.`,
            id,
          );
        const input = next ? next(came) : output;
        checkStorable(input, id, 'input');
        const record = { ...this.ledger.get(number), input, attempts: 1, iteration: iteration + 1 };
        this.ledger.set(number, record);
        this.run(number, record);
      });
    this.#goOn();
  }

  #keep(number: number, output: unknown): void {
    const key = this.#keyOf(number);
    if (key !== undefined) this.ledger.cache = { ...this.ledger.cache, [key]: output };
  }

  /** Under what the result of a node is kept. Of a loop, the record has what its last iteration was given. */
  #keyOf(number: number): string | undefined {
    const plan = this.planOf(number);
    if (plan.cache === undefined) return undefined;
    return cacheKey(plan, plan.until ? givenTo(this, number) : this.ledger.get(number).input);
  }

  /** The work of a node failed, or took longer than `timeout`. */
  stumbled(id: string, given: unknown, timeout: number | undefined): void {
    this.ledger.teller = id;
    const number = this.graph.numbers.get(id)!;
    const error = timeout === undefined ? given : tookLonger(id, timeout);
    const record = this.ledger.get(number);
    const { attempts = 1 } = record;
    this.attempt(number, () => {
      const delay =
        record.status === 'running' ? retryDelay(this.planOf(number).retry, attempts, error) : undefined;
      if (delay === undefined) {
        if (timeout === undefined || !this.#failsFlow(number)) throw error;
        return this.ledger.tell(id, { type: 'node.expire' });
      }
      // What a flow undid is another effect when it is done again.
      const round = (record.round ?? 0) + (tellsOfUndoing(error) ? 1 : 0);
      const again = { ...record, attempts: attempts + 1, ...(round > 0 && { round }) };
      this.ledger.set(number, again);
      this.run(number, again, delay);
    });
    this.#goOn();
  }

  /** The time of a node is out for good, unless the run was opened again since: then it gets it anew. */
  expired(id: string, isAnew: boolean): void {
    this.ledger.teller = id;
    const number = this.graph.numbers.get(id)!;
    const { timeout, src } = this.planOf(number);
    const record = this.ledger.get(number);
    if (!isAnew) this.#failed(number, tookLonger(id, timeout ?? 0));
    else if (record.status === 'running') this.run(number, record);
    else {
      const question = src === undefined ? {} : { src, input: record.input };
      const time = timeout === undefined ? {} : { timeout };
      this.ledger.tell(id, { type: 'node.ask', ...question, ...time });
    }
    this.#goOn();
  }

  /** What somebody outside was to say to a node. */
  told(number: number, value: unknown): void {
    // Several may wait for the same event: what the first one did with it may have ended this one.
    if (this.ledger.get(number).status !== 'waitingForInput') return;
    this.done(number, value, 'node.done');
    this.#goOn();
  }

  /** Runs nodes again, and all that depends on them. Of the others, some begin their work anew, and some have ended. */
  again({ nodes: ids, anew = [], ended = [] }: RetryEvent): void {
    const { graph, ledger } = this;
    const renewed = new Set<number>();
    const done = new Set(ended.flatMap((outcome) => ('output' in outcome ? outcome.node : [])));
    for (const id of ids) {
      const number = graph.numbers.get(id);
      if (number === undefined) continue;
      this.#forget(number);
      this.#addWithDependents(number, renewed);
    }
    for (const number of renewed) {
      const record = ledger.get(number);
      if (isEnd(record)) ledger.left++;
      else if (this.#works(number)) ledger.working--;
      if (record.status !== 'pending') ledger.renewed.push(graph.nodes[number]!.id);
    }
    ledger.queue = ledger.queue.filter((number) => !renewed.has(number));
    for (const number of renewed) {
      let open = 0;
      let met = 0;
      for (const edge of graph.before[number]!)
        if (renewed.has(edge.from) || !isEnd(ledger.get(edge.from))) open++;
        else if (meets(graph, ledger.get(edge.from), edge)) met++;
      // What was done is another effect when it is done again; what failed is tried again.
      const { round = 0, status } = ledger.get(number);
      const again = status === 'done' || done.has(graph.nodes[number]!.id) ? round + 1 : round;
      ledger.set(number, { status: 'pending', open, met, ...(again > 0 && { round: again }) });
      const wanted = needed(graph.nodes[number]!.wait);
      if (open === 0 || (wanted > 0 && met >= wanted)) this.#ready.push(number);
    }
    for (const id of anew) {
      const number = graph.numbers.get(id);
      const record = number === undefined ? undefined : ledger.get(number);
      if (number === undefined || record?.status !== 'running' || renewed.has(number)) continue;
      const again = { ...record, attempts: 1, round: (record.round ?? 0) + 1 };
      ledger.set(number, again);
      this.run(number, again);
    }
    for (const outcome of ended) {
      const number = graph.numbers.get(outcome.node);
      if (number === undefined || renewed.has(number) || isEnd(ledger.get(number))) continue;
      if ('error' in outcome) this.#failed(number, outcome.error);
      else {
        this.#keep(number, outcome.output);
        this.done(number, outcome.output, 'node.done');
      }
    }
    this.#goOn();
  }

  /** What is to run again is not to be given what it came to before, which may have been undone. */
  #forget(number: number): void {
    if (this.ledger.get(number).status !== 'done') return;
    try {
      const key = this.#keyOf(number);
      if (key === undefined) return;
      this.ledger.cache = Object.fromEntries(
        Object.entries(this.ledger.cache).filter(([known]) => known !== key),
      );
    } catch {
      // What it is given cannot be told any more: when it starts, it fails with that.
    }
  }

  #addWithDependents(start: number, found: Set<number>): void {
    const left = [start];
    for (let number = left.pop(); number !== undefined; number = left.pop()) {
      if (found.has(number)) continue;
      found.add(number);
      for (const { to } of this.graph.after[number]!) left.push(to);
    }
  }

  // --- What becomes of a node

  /** Does something for a node, which fails if that throws. */
  attempt(number: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#failed(number, error);
    }
  }

  /** Sends a node to work. */
  run(number: number, record: NodeRecord, delay?: number): void {
    const { src, isFunction, items, until, timeout } = this.planOf(number);
    const given = items ? { items: record.input, ...items } : record.input;
    const part = `${this.ledger.context.part ?? ''}${partOf(record)}`;
    const input: unknown = isFunction
      ? ({ input: record.input, attempt: record.attempts ?? 1, part } satisfies FunctionInput)
      : given;
    this.ledger.tell(this.graph.nodes[number]!.id, {
      type: 'node.run',
      ...(src !== undefined && { src, input }),
      ...(!isFunction && part !== '' && { part }),
      ...(until && { asks: true }),
      ...(delay !== undefined && { delay }),
      ...(timeout !== undefined && { timeout }),
    });
  }

  /** `tell` it, unless its actor has come to its end by itself. */
  done(number: number, output: unknown, tell?: EndMessage['type']): void {
    this.#end(number, { ...this.ledger.get(number), status: 'done', output }, tell);
  }

  skip(number: number, error?: unknown): void {
    const record = this.ledger.get(number);
    this.#end(
      number,
      { ...record, status: 'skipped', ...(error !== undefined && { error }) },
      'node.skipped',
    );
  }

  #failsFlow(number: number): boolean {
    const { onError = 'fail' } = this.planOf(number);
    return onError === 'fail';
  }

  #failed(number: number, thrown: unknown): void {
    const { onError = 'fail' } = this.planOf(number);
    const error = keptError(thrown, this.graph.nodes[number]!.id);
    if (onError === 'skip') return this.skip(number, error);
    this.#end(number, { ...this.ledger.get(number), status: 'failed', error }, 'node.failed');
    if (onError === 'fail') this.#fail(this.graph.nodes[number]!.id, error);
  }

  #end(number: number, ended: NodeRecord, tell: EndMessage['type'] | undefined): void {
    const { open: _, met: __, ...record } = ended;
    this.#leave(number, record);
    if (tell) this.ledger.tell(this.graph.nodes[number]!.id, { type: tell });
    for (const edge of this.graph.after[number]!) this.#decide(edge, meets(this.graph, record, edge));
  }

  #leave(number: number, record: NodeRecord): void {
    if (this.#works(number)) this.ledger.working--;
    this.ledger.end(number, record);
  }

  #works(number: number): boolean {
    return this.ledger.get(number).status === 'running' && working.has(this.graph.nodes[number]!.type);
  }

  /** An edge is decided. */
  #decide({ to }: Edge, isMet: boolean): void {
    const record = this.ledger.get(to);
    if (record.status !== 'pending') return;
    const open = record.open! - 1;
    const met = record.met! + (isMet ? 1 : 0);
    this.ledger.set(to, { ...record, open, met });
    const wanted = needed(this.graph.nodes[to]!.wait);
    // Once: at the edge that is enough, or at the last one where it never was.
    if (wanted > 0 ? (isMet && met === wanted) || (open === 0 && met < wanted) : open === 0)
      this.#ready.push(to);
  }

  /** The flow fails: what has not ended does not go on, and what can be undone will be, last first. */
  #fail(node: string, error: unknown): void {
    const { graph, ledger } = this;
    ledger.failure = { node, error };
    this.#ready = [];
    ledger.queue = [];
    const undo: { readonly id: string; readonly order: number }[] = [];
    graph.nodes.forEach(({ id }, number) => {
      const record = ledger.get(number);
      if (!isEnd(record)) this.#cancel(number);
      else if (record.status === 'done' && this.planOf(number).undo !== undefined)
        undo.push({ id, order: record.order! });
    });
    ledger.undo = undo.sort((a, b) => b.order - a.order).map(({ id }) => id);
  }

  #cancel(number: number): void {
    const { open: _, met: __, ...record } = this.ledger.get(number);
    this.#leave(number, { ...record, status: 'cancelled' });
    this.ledger.tell(this.graph.nodes[number]!.id, { type: 'node.cancelled' });
  }

  // --- What may start

  /** Starts what may start, and what may start when that has ended at once, and so on. */
  #goOn(): void {
    let at = 0;
    for (;;) {
      const number = at < this.#ready.length ? this.#ready[at++] : this.#fromQueue();
      if (number === undefined) return;
      this.#open(number);
    }
  }

  #fromQueue(): number | undefined {
    const { ledger, graph } = this;
    if (ledger.queue.length === 0 || ledger.working >= graph.concurrency) return undefined;
    const [first, ...others] = ledger.queue;
    ledger.queue = others;
    return first;
  }

  /** All that a node waits for is decided. */
  #open(number: number): void {
    const { ledger, graph } = this;
    const { open = 0, met = 0, status } = ledger.get(number);
    if (status !== 'pending') return;
    const { id, wait, after = [] } = graph.nodes[number]!;
    if (after.length > 0 && met === 0) return this.skip(number);
    const wanted = needed(wait);
    try {
      if (met < wanted)
        throw new WorkflowError(
          'WORKFLOW_JOIN_NOT_MET',
          `The join '${id}' needs ${wanted} of its ${after.length} nodes, and only ${met} were done.`,
          id,
        );
      startNode(this, number);
    } catch (error) {
      // The outcome that led here is not to be lost when the flow is retried from before it failed: it fails in a turn of
      // its own, where the node is started once more.
      if (this.#failsFlow(number) && number !== this.#alone) return ledger.tell(id, { type: 'node.later' });
      this.#failed(number, error);
    }
    if (open > 0) this.#cancelRest(number);
  }

  /** A join has what it needs: what only it still waited for is cancelled, from the join upwards. */
  #cancelRest(number: number): void {
    if (!this.planOf(number).cancelsRest) return;
    const waiting = [number];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
      for (const { from } of this.graph.before[at]!) {
        if (isEnd(this.ledger.get(from))) continue;
        const isNeeded = this.graph.after[from]!.some(({ to }) => this.ledger.get(to).status === 'pending');
        if (isNeeded) continue;
        this.ledger.queue = this.ledger.queue.filter((queued) => queued !== from);
        this.#cancel(from);
        waiting.push(from);
      }
  }

  /** Puts a node that is to work off until another one ends, where as many work as may. */
  mustQueue(number: number): boolean {
    if (this.ledger.working < this.graph.concurrency) return false;
    this.ledger.queue = [...this.ledger.queue, number];
    return true;
  }
}
