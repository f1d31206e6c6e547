/**
 * The test runner that loaded this file.
 *
 * @module
 */

/** What the suite needs of a test runner. */
export interface Runner {
  /** Registers a suite; `body` registers what is in it. */
  readonly suite: (name: string, body: () => void) => void;
  /** Registers a test. What `body` answers with is why it was skipped. */
  readonly test: (name: string, body: () => Promise<string | undefined>) => void;
  /** Registers what is done after all tests of the suite. */
  readonly after: (body: () => void) => void;
}

/** In milliseconds. A store that is slow, on a machine that is busy, is no broken store. */
const timeout = 300_000;

/** Vitest, in Node as well as in a browser, else `node:test`, else nothing. */
export const runner: Runner | undefined = (await vitestRunner()) ?? nodeRunner();

async function vitestRunner(): Promise<Runner | undefined> {
  // Not the environment variable: a child process of a test inherits that.
  if (!('__vitest_worker__' in globalThis)) return undefined;
  const { afterAll, describe, test } = await import('vitest');
  return {
    suite: (name, body) => void describe(name, body),
    test: (name, body) =>
      test(name, { timeout }, async ({ skip }) => {
        const reason = await body();
        if (reason !== undefined) skip(reason);
      }),
    after: (body) => afterAll(body),
  };
}

function nodeRunner(): Runner | undefined {
  // Not an import: a bundler for the browser would stumble over it.
  const node = globalThis.process?.getBuiltinModule?.('node:test');
  if (node === undefined) return undefined;
  return {
    suite: (name, body) => void node.describe(name, body),
    test: (name, body) =>
      void node.test(name, { timeout }, async (context) => {
        const reason = await body();
        if (reason !== undefined) context.skip(reason);
      }),
    after: (body) => node.after(body),
  };
}
