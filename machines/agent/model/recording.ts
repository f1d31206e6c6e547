/** What a model streams in one call: gathered as a whole, and played to those who listen, whenever they come. */
import { NoOutputGeneratedError, type wrapLanguageModel } from 'ai';

type Model = ReturnType<typeof wrapLanguageModel>;
type Streamed = Awaited<ReturnType<Model['doStream']>>;
type Whole = Awaited<ReturnType<Model['doGenerate']>>;
type Content = Whole['content'][number];
type Part = Streamed['stream'] extends ReadableStream<infer TPart> ? TPart : never;
type Block = Extract<Content, { readonly type: 'text' | 'reasoning' }>;

/** The parts that are pieces of content as they come. */
const whole: readonly string[] = [
  'tool-result',
  'tool-approval-request',
  'file',
  'reasoning-file',
  'source',
  'custom',
];

export class Recording {
  readonly #parts: Part[] = [];
  readonly #players = new Set<ReadableStreamDefaultController<Part>>();
  readonly #opened: Promise<Streamed>;
  #open!: (streamed: Streamed) => void;
  #fail!: (error: unknown) => void;
  /** It is over: what it failed with, if it did. */
  #end: { readonly error?: unknown } | undefined;

  constructor() {
    this.#opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
    // Nobody may be listening.
    this.#opened.catch(() => {});
  }

  /** Reads all that a model streams. Throws what it fails with. */
  async record(doStream: () => PromiseLike<Streamed>): Promise<Whole> {
    try {
      const streamed = await doStream();
      this.#open(streamed);
      const { request, response } = streamed;
      const gathered = await this.#gather(streamed.stream);
      this.#over({});
      return {
        ...gathered,
        ...(request && { request }),
        response: { ...response, ...gathered.response },
      };
    } catch (error) {
      this.stop(error);
      throw error;
    }
  }

  /** Ends it where it is, for those who listen. */
  stop(error: unknown): void {
    this.#fail(error);
    this.#over({ error });
  }

  /** The same stream again, from its beginning. */
  async play(): Promise<Streamed> {
    const streamed = await this.#opened;
    const stream = new ReadableStream<Part>({
      start: (controller) => {
        for (const part of this.#parts) controller.enqueue(part);
        if (this.#end) close(controller, this.#end);
        else this.#players.add(controller);
      },
    });
    return { ...streamed, stream };
  }

  async #gather(stream: ReadableStream<Part>): Promise<Whole> {
    const content: Content[] = [];
    const blocks = new Map<string, Block>();
    let warnings: Whole['warnings'] = [];
    let response: Whole['response'];
    let finish: Extract<Part, { readonly type: 'finish' }> | undefined;
    const ids = new OwnIds();
    const reader = stream.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const part = read.value;
      this.#parts.push(part);
      for (const player of this.#players) player.enqueue(part);
      switch (part.type) {
        case 'text-start':
        case 'reasoning-start': {
          const block: Block = { type: part.type === 'text-start' ? 'text' : 'reasoning', text: '' };
          content.push(block);
          blocks.set(`${block.type} ${part.id}`, block);
          annotate(block, part);
          break;
        }
        case 'text-delta':
        case 'reasoning-delta':
        case 'text-end':
        case 'reasoning-end': {
          const block = blocks.get(`${part.type.startsWith('text') ? 'text' : 'reasoning'} ${part.id}`);
          if (!block) break;
          if ('delta' in part) block.text += part.delta;
          annotate(block, part);
          break;
        }
        case 'tool-call':
          content.push(part.providerExecuted ? part : { ...part, toolCallId: ids.of(part.toolCallId) });
          break;
        case 'stream-start':
          ({ warnings } = part);
          break;
        case 'response-metadata': {
          const { type: _, ...metadata } = part;
          response = { ...response, ...metadata };
          break;
        }
        case 'finish':
          finish = part;
          break;
        case 'error':
          throw part.error;
        default:
          if (whole.includes(part.type)) content.push(part as Content);
      }
    }
    if (!finish) throw new NoOutputGeneratedError({ message: 'The stream of the model ended too early.' });
    const { finishReason, usage, providerMetadata } = finish;
    return {
      content,
      finishReason,
      usage,
      warnings,
      ...(response && { response }),
      ...(providerMetadata && { providerMetadata }),
    };
  }

  #over(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    for (const player of this.#players) close(player, end);
    this.#players.clear();
  }
}

/**
 * Gives each call an id of its own: some providers give none, or one twice, and then no result could be told from
 * another.
 */
class OwnIds {
  readonly #taken = new Set<string>();
  #count = 0;

  of(given: string): string {
    this.#count++;
    const id = given === '' || this.#taken.has(given) ? `${given || 'call'}-${this.#count}` : given;
    this.#taken.add(id);
    return id;
  }
}

/** The newest of what a provider says of a block holds. */
function annotate(block: Block, part: Pick<Block, 'providerMetadata'>): void {
  if (part.providerMetadata) block.providerMetadata = part.providerMetadata;
  if ('citations' in part) Object.assign(block, { citations: part.citations });
}

function close(player: ReadableStreamDefaultController<Part>, end: { readonly error?: unknown }): void {
  if ('error' in end) player.enqueue({ type: 'error', error: end.error });
  player.close();
}
