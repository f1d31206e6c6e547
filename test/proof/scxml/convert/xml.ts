/** An SCXML document as a tree of elements, the namespace's prefix taken off. */
import xmljs, { type Element } from 'xml-js';

const NAMESPACE = 'http://www.w3.org/2005/07/scxml';

export interface Xml {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Xml[];
  readonly text: string;
}

export function parse(source: string): Xml {
  const { elements = [] } = xmljs.xml2js(source, { compact: false }) as Element;
  const top = elements.find(({ type }) => type === 'element');
  const bound = Object.entries(top?.attributes ?? {}).find(
    ([key, value]) => key.startsWith('xmlns:') && value === NAMESPACE,
  );
  const prefix = bound ? `${bound[0].slice('xmlns:'.length)}:` : '';
  const root = top && read(top, prefix);
  if (root?.name !== 'scxml') throw new Error('SCXML: the document element is not <scxml>');
  return root;
}

function read({ name = '', attributes = {}, elements = [] }: Element, prefix: string): Xml {
  return {
    name: name.startsWith(prefix) ? name.slice(prefix.length) : name,
    attributes: Object.fromEntries(
      Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, `${value}`]])),
    ),
    children: elements.filter(({ type }) => type === 'element').map((element) => read(element, prefix)),
    text: elements.map(({ text, cdata }) => text ?? cdata ?? '').join(''),
  };
}

export const childrenOf = (xml: Xml, ...names: string[]): Xml[] =>
  xml.children.filter(({ name }) => names.includes(name));
export const childOf = (xml: Xml, name: string): Xml | undefined => childrenOf(xml, name)[0];
export const words = (text = ''): string[] => text.split(/\s+/).filter(Boolean);

/** What the converter has no words for: the case does not count. */
export function unsupported(what: string): never {
  throw new Error(`SCXML: ${what} is not supported`);
}
