import { testStore } from '../../adapters/conformance/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { sealed } from './sealed.ts';

testStore('a sealed store', () => sealed(memoryStore(), { key: 'a secret of some length' }));
