/** What expressions see: the variables of the datamodel and the system's (5.10). */
import type { EventObject } from 'xstate';
import { allDataOf, type Document } from './document.ts';
import { compile, type Evaluate } from './ecmascript.ts';
import { plain, plainRecord } from './plain.ts';

/** C.1. */
export const PROCESSOR = 'http://www.w3.org/TR/scxml/#SCXMLEventProcessor';
/** Where this session is (C.1): its id is the machine's, as nothing is random. */
export const ORIGIN = '#_scxml_scxml';
const HERE = Object.freeze({ location: ORIGIN });
const IO_PROCESSORS = Object.freeze({ scxml: HERE, [PROCESSOR]: HERE });

/** Plain data, so that a snapshot can be kept and opened in another process. */
export interface Context {
  /** The datamodel; a variable whose value is undefined has no key. */
  readonly data: Record<string, unknown>;
  /** How many ids <send> has made; absent before the first. */
  sent?: number;
  /** Ids of the active states; only where the document uses In(). */
  active?: string[];
  /** States whose data is bound; only with binding="late". */
  bound?: string[];
}

export const copyOf = (context: Context): Context => ({ ...context, data: plainRecord(context.data) });

/** Expressions see it as `_event`. */
export interface ScxmlEvent extends EventObject {
  kind?: 'internal' | 'external' | 'platform';
  data?: unknown;
  sendid?: string;
  origin?: string;
  /** Of a done event of XState. */
  output?: unknown;
}

/** The scope of an expression. `loose`: a variable that nobody knows is made when it is written. */
export type ScopeOf = (context: Context, event: ScxmlEvent, loose?: boolean) => object;

export function scopesOf({ root, name, script, documentIds }: Document): ScopeOf {
  const declared = new Set(allDataOf(root).map(({ attributes }) => attributes['id']));
  // Functions of the document's <script> (5.8) are code, not data: each evaluation takes them from the
  // script's text, where they are hoisted, without running it again.
  const functions = new Map<string, Evaluate>();
  for (const [, own] of script?.text.matchAll(/^\s*function\s+([\w$]+)/gm) ?? [])
    functions.set(own!, compile(`return ${own};\n${script!.text}`));

  // Read only, and one object for one event (5.10.1): a memo, not state.
  const seen = new WeakMap<ScxmlEvent, object>();
  function systemEvent(event: ScxmlEvent): object | undefined {
    // Unbound before the first event.
    if (event.type.startsWith('xstate.init')) return undefined;
    if (!seen.has(event)) {
      const { type, kind = 'external', sendid, origin, data } = event;
      const done = /^xstate\.done\.state\.(.*)$/.exec(type)?.[1];
      const system = {
        name: type,
        type: kind,
        sendid,
        origin,
        origintype: origin && PROCESSOR,
        invokeid: undefined,
        data: plain(data),
      };
      const finished = done && {
        name: `done.state.${documentIds.get(done) ?? done}`,
        type: 'platform',
        data: event.output,
      };
      seen.set(event, Object.freeze({ ...system, ...finished }));
    }
    return seen.get(event);
  }

  return function scopeOf({ data, active }, event, loose = false) {
    const system: Record<string | symbol, unknown> = Object.assign(
      Object.create(null) as Record<string | symbol, unknown>,
      {
        _event: systemEvent(event),
        _name: name,
        _sessionid: 'scxml',
        _ioprocessors: IO_PROCESSORS,
        _x: undefined,
        In: (id: string) => Boolean(active?.includes(id)), // B.2.2
      },
    );
    const isKnown = (key: string): boolean =>
      key in system || declared.has(key) || Object.hasOwn(data, key) || functions.has(key);
    const scope: object = new Proxy(system, {
      has: (_, key) => typeof key === 'string' && (isKnown(key) || (loose && !(key in globalThis))),
      get(_, key) {
        if (key in system || typeof key === 'symbol') return system[key];
        return Object.hasOwn(data, key) ? data[key] : functions.get(key)?.(scope);
      },
      set(_, key, value) {
        if (key in system) throw new TypeError(`${String(key)} is read only`); // 5.10
        data[String(key)] = value;
        return true;
      },
    });
    return scope;
  };
}
