/** A proof: something that the library promises, shown at length. `run.ts` runs each in a process of its own. */
export interface Proof {
  /** The name of its folder, and of `--only`. */
  readonly name: string;
  /** Its count at full length. `npm run proof` runs a fifth of it, with `--brief` a twentieth. */
  readonly full: number;
  /** Shows it `count` times, and tells about its progress. What it leaves running ends with its process. */
  run(count: number, say: (line: string) => void, options: ProofOptions): Promise<Outcome>;
}

export interface ProofOptions {
  /** May it start servers? It does without those that are not there, and says so. */
  readonly servers: boolean;
}

export interface Outcome {
  readonly passed: boolean;
  /** What was counted, in a line for each place: `500 kills, 41,210 events acknowledged, 0 lost`. */
  readonly figure: string;
}
