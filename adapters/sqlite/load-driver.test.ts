import { expect, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { checkDriver } from './load-driver.ts';

test.each([
  ['13.0.0', '20.20.2'],
  ['13.1.0', '21.7.0'],
  ['14.0.0', '20.19.0'],
])('better-sqlite3 %s on Node %s is refused before it is loaded', (version, node) => {
  expect(() => checkDriver(version, node)).toThrow(StoreError);
  expect(() => checkDriver(version, node)).toThrow(/npm install better-sqlite3@12/);
});

test.each([
  ['12.11.1', '20.20.2'],
  ['13.0.0', '22.0.0'],
  ['13.0.0', '24.1.0'],
])('better-sqlite3 %s on Node %s is accepted', (version, node) => {
  expect(() => checkDriver(version, node)).not.toThrow();
});
