/**
 * Who holds a lease, so that another process can tell whether it is gone.
 *
 * @module
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process as it is written beside its lease. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Where and when the process runs. Missing where the system does not tell: then only time frees a lease. */
  readonly proc?: {
    /** One boot of one machine. */
    readonly boot: string;
    /** The namespaces in which `pid` and `start` mean something. */
    readonly space: string;
    /** When the process started, in clock ticks since the boot: pids are used again. */
    readonly start: string;
  };
}

/** This process. */
export function thisHolder(): Holder {
  const self = { host: hostname(), pid: process.pid };
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // In a container that shows another namespace's /proc, its numbers are not ours.
    if (Number.parseInt(stat) !== process.pid) return self;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const space = `${readlinkSync('/proc/self/ns/pid')} ${timeSpace()}`;
    return { ...self, proc: { boot, space, start: parseStat(stat).start } };
  } catch {
    return self;
  }
}

/** True only where it is certain that the process has ended. */
export function isGone(holder: Holder, self: Holder): boolean {
  if (holder.proc === undefined || self.proc === undefined) return false;
  if (holder.proc.boot !== self.proc.boot || holder.proc.space !== self.proc.space) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  try {
    const { state, start } = parseStat(readFileSync(`/proc/${holder.pid}/stat`, 'latin1'));
    // Z, X: ended, but its parent has not asked for the exit code. It will never run again.
    return start !== holder.proc.start || state === 'Z' || state === 'X';
  } catch {
    // /proc may hide other users' processes.
    return false;
  }
}

/** For people. */
export function describeHolder(holder: Holder): string {
  return `process ${holder.pid} on ${holder.host}`;
}

/** State and start time in a line of /proc/<pid>/stat, whose second field may hold spaces and parentheses. */
export function parseStat(stat: string): { state: string; start: string } {
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Field 22 of the line; `rest` begins with field 4.
  return { state, start: rest[18] ?? '' };
}

/** Start times are shifted in a time namespace. Older kernels have none. */
function timeSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return '';
  }
}
