/** What TypeScript knows of the nodes of a workflow: what they come to, and who may see it. */

/** A node, as those after it see it. */
interface Entry {
  readonly output: unknown;
  /** Whether it may be skipped, or fail and the flow goes on. */
  readonly skips: boolean;
  /** What those are given that come after one of its routes, by the name of the route. */
  readonly routes: object;
}

/** The nodes that there are so far, by id. */
export type Entries = Readonly<Record<string, Entry>>;

/** How a node can be named in `after`: its id, or `id:route`. */
export type Reference<N> = {
  [K in keyof N & string]: K | `${K}:${RoutesOf<N[K]> & string}`;
}[keyof N & string];

type RoutesOf<E> = E extends { readonly routes: infer R } ? keyof R : never;

/** The ids in references. */
type IdOf<R extends string> = R extends `${infer I}:${string}` ? I : R;

type OutputOf<N, R extends string> = R extends `${infer I}:${infer Route}`
  ? I extends keyof N
    ? N[I] extends { readonly routes: infer Routes }
      ? Routes[Route & keyof Routes]
      : never
    : never
  : R extends keyof N
    ? N[R] extends { readonly output: infer O }
      ? O
      : never
    : never;

/** May what a reference leads to not come about, and the flow goes on? */
type MaySkip<N, R extends string> = R extends `${string}:${string}`
  ? true
  : R extends keyof N
    ? N[R] extends { readonly skips: infer S }
      ? S
      : false
    : false;

/** May all that a node comes after be skipped, and so the node itself? */
export type AllMaySkip<N, A extends readonly string[]> = A extends readonly []
  ? false
  : false extends MaySkip<N, A[number]>
    ? false
    : true;

/** What a node sees of those that it comes after. One that comes after a single other is skipped with it. */
export type Results<N, A extends readonly string[]> = {
  readonly [I in IdOf<A[number]>]: A extends readonly [string]
    ? OutputOf<N, A[0]>
    : SeenOf<N, Extract<A[number], I | `${I}:${string}`>>;
};

type SeenOf<N, R extends string> = R extends string
  ? OutputOf<N, R> | (MaySkip<N, R> extends false ? never : undefined)
  : never;

/** What the functions of a node are given: the flow's input, and what the nodes before it came to. */
export interface Given<I, N, A extends readonly string[]> {
  readonly input: I;
  /** Of the nodes in `after`, by id; of one that was skipped, nothing. Of a node's route `error`, its error. */
  readonly results: Results<N, A>;
}

/** What the output of a flow is made from. */
export interface Outcome<I, N> {
  readonly input: I;
  /** Of all nodes, by id. */
  readonly results: {
    readonly [K in keyof N]: N[K] extends { readonly output: infer O; readonly skips: infer S }
      ? O | (S extends false ? never : undefined)
      : never;
  };
}
