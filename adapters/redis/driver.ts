/**
 * The two drivers as far as they are used here, and what the rest of the store sees of either.
 *
 * @module
 */
import { InvalidArgumentError } from '../../src/errors.ts';
import type { Arg } from './bytes.ts';

/** What `createClient()` of the package redis makes, versions 4 to 6. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(command: readonly Arg[], options?: object): Promise<unknown>;
  subscribe(channel: string, listener: (message: Buffer) => void, asBytes: true): Promise<unknown>;
  duplicate(overrides: { readonly disableOfflineQueue?: boolean }): NodeRedisClient;
  disconnect(): unknown;
  /** What `disconnect` is called from version 5 on. */
  destroy?(): unknown;
}

/** What `new Redis()` of the package ioredis makes, versions 5 and 6. */
export interface IoRedisClient {
  readonly status: string;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  connect(): Promise<unknown>;
  callBuffer(command: string, args: Arg[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  duplicate(overrides: object): IoRedisClient;
  disconnect(): unknown;
}

/** A client of either driver. It need not be connected: the store makes connections of its own by it. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** A connection. The driver connects it again whenever it is lost, unless it was told not to. */
export interface Wire {
  /** Whether a command would be sent at once. */
  readonly isReady: boolean;
  /** It is not connected, and never will be. */
  readonly isOver: boolean;
  /** Rejects at once where there is no connection, and when it is lost before the answer has come. */
  send(command: readonly [string, ...Arg[]]): Promise<unknown>;
  /** Listens to a channel, also after the connection was lost and came back. */
  subscribe(channel: string, listener: (message: Buffer) => void): Promise<unknown>;
  destroy(): void;
}

/** What happens to a wire. */
export interface WireEvents {
  ready(): void;
  failed(error: unknown): void;
}

/** @throws InvalidArgumentError where `client` is neither. */
export function checkClient(client: RedisClient): void {
  const has = (...names: string[]): boolean =>
    typeof client === 'object' &&
    client !== null &&
    names.every((name) => typeof (client as unknown as Record<string, unknown>)[name] === 'function');
  if (has('duplicate', 'callBuffer') || has('duplicate', 'sendCommand', 'subscribe')) return;
  throw new InvalidArgumentError(
    'redisStore(client) needs a client: createClient() of the package redis, or new Redis() of ioredis.',
  );
}

/**
 * A new connection with the options of the client. `commands`: what is not answered when it is lost is
 * rejected, and nothing waits for a connection to come. By default both drivers keep commands and send
 * them later, ioredis also those that may have been carried out: long after their caller has given up.
 */
export function connect(client: RedisClient, what: 'commands' | 'messages', events: WireEvents): Wire {
  return 'callBuffer' in client
    ? connectIoRedis(client, what, events)
    : connectNodeRedis(client, what, events);
}

/** Asks for bytes: the first is read by version 4, the second, by the type of a bulk string, by the later ones. */
const asBytes = { returnBuffers: true, typeMapping: { [36]: Buffer } };

function connectNodeRedis(client: NodeRedisClient, what: string, events: WireEvents): Wire {
  const own = client.duplicate(what === 'commands' ? { disableOfflineQueue: true } : {});
  own.on('ready', () => events.ready());
  own.on('error', (error) => events.failed(error));
  const connected = own.connect().catch((error: unknown) => events.failed(error));
  return {
    get isReady() {
      return own.isReady;
    },
    get isOver() {
      return !own.isOpen;
    },
    send: (command) => own.sendCommand(command, asBytes),
    subscribe: (channel, listener) => connected.then(() => own.subscribe(channel, listener, true)),
    destroy: () => {
      if (!own.isOpen) return;
      // Version 4 answers with a promise.
      void Promise.resolve(own.destroy === undefined ? own.disconnect() : own.destroy()).catch(() => {});
    },
  };
}

function connectIoRedis(client: IoRedisClient, what: string, events: WireEvents): Wire {
  const own = client.duplicate({
    lazyConnect: true,
    enableAutoPipelining: false,
    ...(what === 'commands'
      ? // Without a retry, ioredis rejects what is under way when the connection is lost.
        { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }
      : { maxRetriesPerRequest: null }),
  });
  own.on('ready', () => events.ready());
  own.on('error', (error) => events.failed(error));
  own.connect().catch((error: unknown) => events.failed(error));
  return {
    get isReady() {
      return own.status === 'ready';
    },
    get isOver() {
      return own.status === 'end';
    },
    send: ([name, ...args]) => own.callBuffer(name, args),
    subscribe: (channel, listener) => {
      own.on('messageBuffer', (_, message) => listener(message as Buffer));
      return own.subscribe(channel);
    },
    destroy: () => void own.disconnect(),
  };
}
