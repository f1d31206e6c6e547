import { original } from './text.ts';

/** Tags from `array_to_json(tags)::text`: drivers differ in what they make of arrays, not in texts. */
export function tagsOf(json: string): string[] {
  return (JSON.parse(json) as string[]).map(original);
}
