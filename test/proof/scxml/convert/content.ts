/** Executable content (4): what each element does when its turn comes. */
import { log } from 'xstate';
import { assignTo, isVariable } from './assignment.ts';
import { compile, expression, valueOf } from './ecmascript.ts';
import { holds, type Step } from './execution.ts';
import { send } from './send.ts';
import { unsupported, type Xml } from './xml.ts';

export function steps(elements: readonly Xml[]): Step {
  const list = elements.map(step);
  return (execution) => {
    for (const one of list) one(execution);
  };
}

export function step(xml: Xml): Step {
  const { name, attributes } = xml;
  switch (name) {
    case 'raise':
      return ({ enqueue }) => enqueue.raise({ type: attributes['event']!, kind: 'internal' });
    case 'log': {
      const value = attributes['expr'] ? expression(attributes['expr']) : () => undefined;
      return ({ enqueue, scope }) => {
        const text = value(scope);
        enqueue(log(() => text, attributes['label']));
      };
    }
    case 'assign': {
      const value = valueOf(xml);
      const assign = assignTo(attributes['location']);
      return (execution) => assign(execution, value(execution.scope));
    }
    case 'script':
      return script(xml);
    case 'if':
      return choose(xml);
    case 'foreach':
      return repeat(xml);
    case 'send':
      return send(xml);
    case 'cancel': {
      const { sendid, sendidexpr } = attributes;
      const id = sendidexpr === undefined ? () => sendid : expression(sendidexpr);
      return ({ enqueue, scope }) => enqueue.cancel(String(id(scope)));
    }
    default:
      return unsupported(`<${name}> in executable content`);
  }
}

function script({ attributes, text }: Xml): Step {
  if (attributes['src']) unsupported('<script src>');
  const code = compile(text);
  return ({ loose }) => void code(loose);
}

/** <elseif> and <else> stand between the parts, they do not contain them (4.3). */
function choose({ attributes, children }: Xml): Step {
  const parts = [{ condition: expression(attributes['cond']), content: [] as Xml[] }];
  for (const child of children) {
    if (child.name === 'elseif') parts.push({ condition: expression(child.attributes['cond']), content: [] });
    else if (child.name === 'else') parts.push({ condition: () => true, content: [] });
    else parts.at(-1)!.content.push(child);
  }
  const branches = parts.map(({ condition, content }) => ({ condition, take: steps(content) }));
  return (execution) => branches.find(({ condition }) => holds(execution, condition))?.take(execution);
}

/** Over a copy of the array; a variable that does not exist yet is declared (4.6). */
function repeat({ attributes, children }: Xml): Step {
  const array = expression(attributes['array']);
  const body = steps(children);
  const { item = '', index } = attributes;
  return (execution) => {
    const items = array(execution.scope);
    if (!Array.isArray(items)) throw new TypeError(`'${attributes['array']}' is not an array`);
    const wrong = [item, index ?? 'i'].find((name) => !isVariable(name));
    if (wrong !== undefined) throw new TypeError(`'${wrong}' is not a variable`);
    for (const [at, value] of [...(items as unknown[])].entries()) {
      Object.assign(execution.loose, { [item]: value }, index !== undefined && { [index]: at });
      body(execution);
    }
  };
}
