/** What a model is told of what a tool gave. */
import type { JSONValue, ToolResultPart } from 'ai';
import { AgentError } from '../errors.ts';

type Output = ToolResultPart['output'];

interface File {
  readonly data: Uint8Array;
  readonly name: string;
  readonly mediaType: string;
}

/** A result, as the model is told of it. */
export interface Converted {
  readonly output: Output;
  /** Says `output` all that the result does? */
  readonly isWhole: boolean;
  /** How large the result is, roughly. */
  readonly bytes: number;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Walks a result once: makes JSON of it, finds its files, and refuses what no store can keep. */
class Walk {
  readonly files: File[] = [];
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
    if (value instanceof Uint8Array) return this.#file({ data: value }, value);
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
    if (data instanceof Uint8Array) return this.#file(value, data);
    if (isForeign(value)) this.isWhole = false;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        this.bytes += key.length;
        return [key, this.json(member, `${path}.${key}`)];
      }),
    );
  }

  #list(value: Iterable<unknown>, path: string): JSONValue {
    this.isWhole = false;
    return [...value].map((item, index) => this.json(item, `${path}[${index}]`));
  }

  /** In its place stands what the file is called; the file itself comes after the text. */
  #file(value: object, data: Uint8Array): JSONValue {
    const { name, filename, mediaType } = value as {
      name?: unknown;
      filename?: unknown;
      mediaType?: unknown;
    };
    const given = name ?? filename;
    const file: File = {
      data,
      name: typeof given === 'string' ? given : `file-${this.files.length + 1}`,
      mediaType: typeof mediaType === 'string' ? mediaType : 'application/octet-stream',
    };
    this.files.push(file);
    this.bytes += data.byteLength;
    this.isWhole = false;
    const { name: called, mediaType: type } = file;
    return { file: called, mediaType: type, bytes: data.byteLength };
  }
}

function refuse(path: string, what: string): never {
  throw new AgentError('AGENT_RESULT_NOT_STORABLE', `${path} is ${what}`, { path });
}

function isForeign(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/**
 * What a model is told of a result: text as text, anything else as JSON, its files beside it.
 *
 * Throws `AgentError` `AGENT_RESULT_NOT_STORABLE` with the path of a function, a symbol or a cycle.
 */
export function modelOutput(result: unknown): Converted {
  const walk = new Walk();
  const json = walk.json(result, 'result');
  const { files, bytes, isWhole } = walk;
  if (files.length > 0) return { output: withFiles(json, files), isWhole: false, bytes };
  // A model is told something, also by a tool that gives nothing.
  return typeof json === 'string'
    ? { output: { type: 'text', value: json }, isWhole, bytes }
    : { output: { type: 'json', value: json }, isWhole, bytes };
}

const withFiles = (json: JSONValue, files: readonly File[]): Output => ({
  type: 'content',
  value: [
    { type: 'text', text: JSON.stringify(json) },
    ...files.map(({ data, name, mediaType }) => ({
      type: 'file' as const,
      data: { type: 'data' as const, data },
      mediaType,
      filename: name,
    })),
  ],
});
