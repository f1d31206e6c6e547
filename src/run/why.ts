/** Why something ended: an error, or how it is made once somebody asks. Most often nobody does, and a stack trace is dear. */
export type Why = Error | (() => Error);

export const errorOf = (why: Why): Error => (typeof why === 'function' ? why() : why);
