import { testStore } from './conformance/index.ts';
import { memoryStore } from './memory.ts';

testStore('the memory store', () => memoryStore());
