/** The suite on Node's own test runner: `node --import tsx --test test/conformance/run.ts`. */
import { memoryStore } from 'savepoint/memory';
import { testStore } from 'savepoint/testing';

testStore('the memory store', () => memoryStore());
