/** <send> (6.2). */
import { assignTo } from './assignment.ts';
import { expression, payloadOf, type Evaluate } from './ecmascript.ts';
import { SendError, type Step } from './execution.ts';
import { ORIGIN, PROCESSOR, type ScxmlEvent } from './scope.ts';
import { unsupported, type Xml } from './xml.ts';

/** C.2, optional. */
const BASIC_HTTP = 'http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor';

export function send(xml: Xml): Step {
  const { attributes } = xml;
  if (attributes['type'] === BASIC_HTTP) unsupported('the BasicHTTP event processor');
  const either = (name: string): Evaluate => {
    const code = attributes[`${name}expr`];
    return code === undefined ? () => attributes[name] : expression(code);
  };
  const name = either('event');
  const target = either('target');
  const type = either('type');
  const delay = either('delay');
  const payload = payloadOf(xml);
  const keepId = attributes['idlocation'] === undefined ? undefined : assignTo(attributes['idlocation']);

  return (execution) => {
    const { context, enqueue, scope, self } = execution;
    const makeId = (): string => {
      context.sent = (context.sent ?? 0) + 1;
      return `send.${context.sent}`;
    };
    const sendid = attributes['id'] ?? (keepId && makeId());
    keepId?.(execution, sendid);
    const fail = (event: string, message: string): never => {
      throw new SendError(event, message, sendid);
    };
    const processor = type(scope);
    if (processor && processor !== PROCESSOR && processor !== 'scxml')
      fail('error.execution', `no processor '${text(processor)}'`);
    const to = text(target(scope) ?? ORIGIN);
    const after = delay(scope);
    // An error in its arguments discards the message (6.2.3).
    const data = payload(scope, (error) => fail('error.execution', text(error)));
    // '#_…' is another session, the parent or an invoked one, of which there is none (C.1).
    if (to !== ORIGIN && to !== '#_internal')
      fail(to.startsWith('#_') ? 'error.communication' : 'error.execution', `cannot send to '${to}'`);
    const event: ScxmlEvent = {
      type: text(name(scope)),
      ...(to === ORIGIN ? { kind: 'external', origin: ORIGIN } : { kind: 'internal' }),
      ...(data !== undefined && { data }),
      ...(sendid !== undefined && { sendid }),
    };
    const wait = after === undefined ? 0 : milliseconds(after);
    if (wait > 0) enqueue.raise(event, { delay: wait, id: sendid ?? makeId() });
    // The external queue.
    else if (to === ORIGIN) enqueue.sendTo(self, event);
    else enqueue.raise(event);
  };
}

const text = (value: unknown): string => (value instanceof Error ? value.message : String(value));

/** A CSS2 time (6.2.4). */
function milliseconds(value: unknown): number {
  const [, number, unit] = /^\s*(\d*\.?\d+)\s*(ms|s|)\s*$/.exec(text(value)) ?? [];
  if (number === undefined) throw new TypeError(`'${text(value)}' is not a delay`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}
