/** The ECMAScript datamodel (B.2): expressions, and the values that elements hold. */
import { defined, plain } from './plain.ts';
import { childOf, childrenOf, unsupported, words, type Xml } from './xml.ts';

export type Evaluate = (scope: object, value?: unknown) => unknown;

/** Code that does not parse fails when it is evaluated, not when the document is read (5.9). */
export function compile(body: string): Evaluate {
  try {
    // The document's own code; only `with`, and so only sloppy code, lets a proxy be its scope.
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
    return new Function('$scope', '$value', `with ($scope) { ${body}\n}`) as Evaluate;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

export const expression = (code = ''): Evaluate => compile(`return (${code.trim().replace(/;+$/, '')}\n);`);

/** The value of <data> (B.2), <assign> or <content>: `expr`, else JSON, else text with single spaces. */
export function valueOf({ name, attributes, children, text }: Xml): Evaluate {
  if (attributes['src']) unsupported(`<${name} src>`);
  if (children.length > 0) unsupported(`XML inside <${name}>`);
  if (attributes['expr'] !== undefined) return expression(attributes['expr']);
  if (!text.trim()) return () => undefined;
  const value = jsonOrText(text);
  return () => plain(value);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return words(text).join(' ');
  }
}

export type Payload = (scope: object, failed: (error: unknown) => void) => unknown;

/** The data that goes with <send> and <donedata> (5.6, 5.7, 6.2). A part that fails is left out. */
export function payloadOf(xml: Xml): Payload {
  const content = childOf(xml, 'content');
  const whole = content && valueOf(content);
  const parts = [
    ...words(xml.attributes['namelist']).map((name) => ({ name, value: expression(name) })),
    ...childrenOf(xml, 'param').map(({ attributes: { name, expr, location } }) => ({
      name: name!,
      value: expression(expr ?? location),
    })),
  ];
  return (scope, failed) => {
    const attempt = (value: Evaluate): unknown => {
      try {
        return plain(value(scope));
      } catch (error) {
        failed(error);
        return undefined;
      }
    };
    if (whole) return attempt(whole);
    const values = defined(Object.fromEntries(parts.map(({ name, value }) => [name, attempt(value)])));
    return Object.keys(values).length > 0 ? values : undefined;
  };
}
