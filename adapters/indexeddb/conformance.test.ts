// A fake is quick. test/browser/ runs the same suite in a real one.
import 'fake-indexeddb/auto';
import { deleteDB } from 'idb';
import { testStore } from '../conformance/index.ts';
import { indexedDBStore } from './index.ts';

testStore('the IndexedDB store, on a fake', (place) => indexedDBStore(place), {
  destroy: (place) => deleteDB(place),
});
