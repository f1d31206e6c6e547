/** What is measured beside the bare machine and XState by hand, and what is judged of it. */
import { judgeLongChat, judgeShortChat, longChat, shortChat } from './chat.ts';
import type { Samples, Workload } from './measure.ts';
import type { Report } from './report.ts';
import { judgeManyRuns, judgeOneRun, manyRuns, oneRun } from './steps.ts';
import type { Subject } from './subject.ts';
import { judgeWaitingRuns, waitingRuns } from './waiting.ts';

interface Judged {
  readonly workload: (subject: Subject) => Workload;
  readonly judge: (samples: Samples, report: Report) => void;
}

/** By a name that a process can be told. */
export const workloads: Readonly<Record<string, Judged>> = {
  'one-run': { workload: oneRun, judge: judgeOneRun },
  'many-runs': { workload: manyRuns, judge: judgeManyRuns },
  'waiting-runs': { workload: waitingRuns, judge: judgeWaitingRuns },
  'short-chat': { workload: shortChat, judge: judgeShortChat },
  'long-chat': { workload: longChat, judge: judgeLongChat },
};
