/** How far a reproduction is and how long it will take, as a pure function of what has happened. */
import type { HarnessEvent } from './harness.ts';

export interface WorkState {
  id: string;
  /** The arm, or 'base': works of one kind take about as long. */
  kind: string;
  status: 'waiting' | 'running' | 'finished' | 'failed' | 'skipped';
  share: number;
  /** Time of the start in seconds, on the clock of the events. */
  startedAt: number;
  /** Share that was done when it started to be told: what an earlier sitting had done. */
  startShare?: number;
  seconds: number;
}

export interface HarnessState {
  works: readonly WorkState[];
  /** Seconds of results kept from earlier sittings, by arm. */
  earlier: Readonly<Record<string, readonly number[]>>;
  kept: number;
}

export const initialState: HarnessState = { works: [], earlier: {}, kept: 0 };

const kindOf = (id: string) => id.slice(0, id.lastIndexOf('/'));

/** The state after an event that was heard at `now` (seconds). */
export function afterEvent(state: HarnessState, event: HarnessEvent, now: number): HarnessState {
  const { works, earlier } = state;
  const { id } = event;
  const change = (patch: (work: WorkState) => Partial<WorkState>): HarnessState => ({
    ...state,
    works: works.map((work) => (work.id === id ? { ...work, ...patch(work) } : work)),
  });
  switch (event.type) {
    case 'kept': {
      const kind = kindOf(id);
      const all = [...(earlier[kind] ?? []), event.result.seconds];
      return { ...state, earlier: { ...earlier, [kind]: all }, kept: state.kept + 1 };
    }
    case 'planned': {
      const kind = event.work.kind === 'arm' ? event.work.arm : 'base';
      const work: WorkState = { id, kind, status: 'waiting', share: 0, startedAt: 0, seconds: 0 };
      return { ...state, works: [...works, work] };
    }
    case 'started':
      return change(() => ({ status: 'running', startedAt: now }));
    case 'progress':
      return change((work) => ({ share: event.share, startShare: work.startShare ?? event.share }));
    case 'finished':
      return change(({ startedAt }) => ({ status: 'finished', share: 1, seconds: now - startedAt }));
    case 'failed':
    case 'skipped':
      return change(() => ({ status: event.type }));
    default:
      return state;
  }
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Least share and time from which the rest is worked out. */
const LEAST_SHARE = 0.02;

/** Seconds that a running piece of work still takes by its own pace; undefined while that says nothing. */
function ownRest({ share, startShare = 0, startedAt }: WorkState, now: number): number | undefined {
  const done = share - startShare;
  return done < LEAST_SHARE ? undefined : ((now - startedAt) * (1 - share)) / done;
}

/**
 * Seconds until everything is done with so many works at a time: what is left of each, by works of its kind that are
 * finished, its own pace, the pace of others, or the declared seconds of one arm.
 */
export function secondsLeft(state: HarnessState, now: number, slots: number, declared: number): number {
  const { works, earlier } = state;
  const seconds = new Map<string, number>();
  for (const kind of new Set(works.map((work) => work.kind))) {
    const own = works.filter((work) => work.kind === kind);
    const finished = own.filter(({ status }) => status === 'finished').map((work) => work.seconds);
    const known = [...(earlier[kind] ?? []), ...finished];
    const paced = own
      .filter(({ status }) => status === 'running')
      .flatMap((work) => {
        const rest = ownRest(work, now);
        return rest === undefined ? [] : [now - work.startedAt + rest];
      });
    if (known.length > 0) seconds.set(kind, average(known));
    else if (paced.length > 0) seconds.set(kind, average(paced));
  }
  const usual = seconds.size === 0 ? declared : average([...seconds.values()]);
  const left = works.map((work) => {
    const whole = seconds.get(work.kind) ?? usual;
    if (work.status === 'waiting') return whole;
    if (work.status !== 'running') return 0;
    return ownRest(work, now) ?? Math.max(0, whole - (now - work.startedAt));
  });
  const longest = Math.max(0, ...left);
  return Math.max(longest, left.reduce((a, b) => a + b, 0) / slots);
}
