/** What a model is told of what a tool gave. */
import type { JSONValue, ToolResultPart } from 'ai';
import { AgentError } from '../errors.ts';

type Output = ToolResultPart['output'];

/** A result, as the model is told of it. */
export interface Converted {
  readonly output: Output;
  /** Says `output` all that the result does? */
  readonly isWhole: boolean;
  /** How large the result is, roughly. */
  readonly bytes: number;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Walks a result once: makes JSON of it, and refuses what no store can keep. */
class Walk {
  isWhole = true;
  bytes = 0;
  readonly #above = new Set<object>();

  json(value: unknown, path: string): JSONValue {
    if (value === null || typeof value === 'boolean') return this.#plain(value, 4);
    if (typeof value === 'string') return this.#plain(value, value.length);
    if (typeof value === 'number')
      return Number.isFinite(value) ? this.#plain(value, 8) : this.#rich(String(value));
    if (value === undefined) return this.#rich(null);
    if (typeof value === 'bigint') return this.#rich(value.toString());
    if (!isObject(value)) return refuse(path, `a ${typeof value}`);
    if (this.#above.has(value)) return refuse(path, 'a cycle');
    this.#above.add(value);
    const json = this.#object(value, path);
    this.#above.delete(value);
    return json;
  }

  #plain<T extends JSONValue>(value: T, bytes: number): T {
    this.bytes += bytes;
    return value;
  }

  #rich(value: JSONValue): JSONValue {
    this.isWhole = false;
    return this.#plain(value, 8);
  }

  #object(value: object, path: string): JSONValue {
    if (Array.isArray(value)) return value.map((item, index) => this.json(item, `${path}[${index}]`));
    if (value instanceof Uint8Array) return this.#file(value, value, path);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      this.bytes += value.byteLength;
      return this.#rich(`${value.byteLength} bytes`);
    }
    if (value instanceof Date)
      return this.#rich(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString());
    if (value instanceof Map) return this.#list(value, path);
    if (value instanceof Set) return this.#list(value, path);
    if (value instanceof Error) return this.#rich(`${value.name}: ${value.message}`);
    if (value instanceof URL || value instanceof RegExp) return this.#rich(String(value));
    const data: unknown = Reflect.get(value, 'data') ?? Reflect.get(value, 'bytes');
    if (data instanceof Uint8Array) return this.#file(value, data, path);
    if (isForeign(value)) this.isWhole = false;
    return this.#members(value, path);
  }

  #list(value: Iterable<unknown>, path: string): JSONValue {
    this.isWhole = false;
    return [...value].map((item, index) => this.json(item, `${path}[${index}]`));
  }

  /** A model is told that there is a file, and not its bytes: most models would read them as so many numbers. */
  #file(value: object, data: Uint8Array, path: string): JSONValue {
    const { data: _data, bytes: _bytes, ...rest } = value as Record<string, unknown>;
    this.bytes += data.byteLength;
    this.isWhole = false;
    return { ...(value === data ? {} : this.#members(rest, path)), bytes: data.byteLength };
  }

  #members(value: object, path: string): Record<string, JSONValue> {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        this.bytes += key.length;
        return [key, this.json(member, `${path}.${key}`)];
      }),
    );
  }
}

function refuse(path: string, what: string): never {
  throw new AgentError('AGENT_RESULT_NOT_STORABLE', what, { path });
}

function isForeign(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/**
 * What a model is told of a result: text as text, anything else as JSON. Of a file it is told all but the bytes, which stay
 * in the transcript; a tool with `toModelOutput` tells it more.
 *
 * Throws `AgentError` `AGENT_RESULT_NOT_STORABLE` with the path of a function, a symbol or a cycle.
 */
export function modelOutput(result: unknown): Converted {
  const walk = new Walk();
  const json = walk.json(result, 'result');
  const { bytes, isWhole } = walk;
  return typeof json === 'string'
    ? { output: { type: 'text', value: json }, isWhole, bytes }
    : { output: { type: 'json', value: json }, isWhole, bytes };
}
