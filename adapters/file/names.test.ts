import { expect, test } from 'vitest';
import { oddIds } from '../conformance/samples.ts';
import { fileName } from './names.ts';

test('an ordinary id is the name of its file', () => {
  for (const id of ['refund-42', 'order.7', 'a_b', '2026-11-25']) expect(fileName(id)).toBe(id);
});

test('what may not be in a name, or is hidden, or a device, is encoded', () => {
  expect(fileName('orders/7')).toBe('orders%2f7');
  expect(fileName('R 1')).toBe('%52%201');
  expect(fileName('..')).toBe('%2e.');
  expect(fileName('con')).toBe('%63on');
  expect(fileName('lpt1.txt')).toBe('%6cpt1.txt');
  expect(fileName('console')).toBe('console');
  expect(fileName('é')).toBe('%c3%a9');
});

test('different ids have different names, also where capitals do not count', () => {
  const long = 'x'.repeat(300);
  const ids = [
    ...oddIds,
    'r',
    'R',
    'r%52',
    '%52',
    'con',
    '%63on',
    long,
    `${long}y`,
    `${long}Y`,
    long.slice(0, 161),
  ];
  expect(new Set(ids.map((id) => fileName(id).toLowerCase())).size).toBe(ids.length);
});

test('a name is short enough for any file system, with its ending', () => {
  for (const id of ['日'.repeat(500), 'A'.repeat(54), 'a'.repeat(500)]) {
    expect(fileName(id).length).toBeLessThanOrEqual(160);
    expect(fileName(id)).toMatch(/^[a-z0-9._%~-]+$/);
  }
});
