/**
 * The page that the inspector talks to, in place of stately.ai/inspect: the package's own receiver says that it is there,
 * and takes what it is sent.
 */
import { createBrowserReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';

const received: StatelyInspectionEvent[] = [];
createBrowserReceiver().subscribe((event) => void received.push(event));

declare global {
  interface Window {
    received: readonly StatelyInspectionEvent[];
  }
}

window.received = received;
