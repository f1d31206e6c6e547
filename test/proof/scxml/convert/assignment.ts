/** Writing to the datamodel: <assign>, `idlocation`, <data>. */
import { compile, valueOf } from './ecmascript.ts';
import { raiseError, type Execution, type Step } from './execution.ts';
import type { Xml } from './xml.ts';

const VARIABLE = /^[A-Za-z_$][\w$]*$/;

export const isVariable = (name: string): boolean => VARIABLE.test(name);

/** Assigns to a location, whose first name must be that of a variable (5.4). */
export function assignTo(location = ''): (execution: Execution, value: unknown) => void {
  const name = /^\s*([\w$]+)/.exec(location)?.[1] ?? '';
  const write = compile(`${location.trim()} = $value;`);
  return ({ scope }, value) => {
    if (!isVariable(name) || !(name in scope)) throw new ReferenceError(`'${location}' is not a location`);
    write(scope, value);
  };
}

/** Each <data> for itself: one that fails stays undefined (5.3). */
export function initialise(elements: readonly Xml[]): Step {
  const list = elements.map((data) => ({ id: data.attributes['id']!, value: valueOf(data) }));
  return (execution) => {
    for (const { id, value } of list) {
      try {
        execution.context.data[id] = value(execution.scope);
      } catch (error) {
        raiseError(execution, error);
      }
    }
  };
}
