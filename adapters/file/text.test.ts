import { expect, test } from 'vitest';
import { toJson, toText } from './text.ts';

test('JSON is kept as what it is', () => {
  expect(toJson('{"a":[1,"x",null]}')).toEqual({ a: [1, 'x', null] });
  expect(toJson('[]')).toEqual([]);
});

test('a text comes back as it was, whatever it is', () => {
  const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const texts = [
    '',
    'text',
    '"text"',
    '7',
    '{"a": 1}',
    '{"a":1}',
    '{"b":1,"a":2}',
    '{"2":1,"1":2}',
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1}}',
    '{"n":12345678901234567890}',
    '{"n":1.0}',
    '[-0]',
    '{"a":1',
    '["\ud800"]',
    '["\\ud800"]',
    '["\\u00e9"]',
    '{"sum":"00000000"}',
    nested,
    `["${'x'.repeat(2_000_000)}"]`,
  ];
  for (const text of texts) {
    const line = JSON.stringify({ value: toJson(text) });
    expect(toText((JSON.parse(line) as { value: string }).value) === text, text.slice(0, 40)).toBe(true);
  }
});
