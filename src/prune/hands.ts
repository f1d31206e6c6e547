/** Hands on a run whose history is to be cut: through the run that is open here, or for a moment of one's own. */
import { commitAlone } from '../turns/commit-alone.ts';
import type { RunContext, RunCore } from '../run/run-core.ts';
import type { Hand } from './cut-history.ts';

/** A run that is held for this alone: nobody else writes. */
export function ownHand(context: RunContext, run: string, fence: number): Hand {
  const commit: Hand['commit'] = (part) => commitAlone(context, { run, fence, ...part });
  return {
    run,
    store: context.store,
    commit,
    free: async (keys, referred) => {
      const kept = await referred();
      const drop = keys.filter((key) => !kept.has(key)).map((key) => ({ kind: 'blob', key }) as const);
      if (drop.length > 0) await commit({ drop });
      return drop.length;
    },
  };
}

/** A run that is open here: its turns go on meanwhile. */
export function openHand(core: RunCore): Hand {
  const { id: run, context, checkpoints } = core;
  return {
    run,
    store: context.store,
    commit: (part) => commitAlone(context, { run, fence: core.fence, ...part }),
    free: async (keys, referred) => {
      // From now on a turn brings every blob that it refers to; those before it are durable then.
      checkpoints.forgetBlobs();
      await core.flush();
      const kept = await referred();
      const drop = keys
        .filter((key) => !kept.has(key) && !checkpoints.refersTo(key))
        .map((key) => ({ kind: 'blob', key }) as const);
      // In line with the turns, so that none is overtaken that brings one of them.
      if (drop.length > 0) await core.record({ drop });
      return drop.length;
    },
  };
}
