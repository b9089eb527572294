/** What a reproduction is: a claim, the inequality that decides it, and arms to run; all of it declared before the runs. */
import type { MethodTable } from '../training/index.ts';
import type { ArmContext } from './arm-context.ts';
import type { BaseSpec } from './base-model.ts';
import { checkDeclaration } from './check-declaration.ts';
import type { Criterion } from './criterion.ts';

/** A curve, such as held-out accuracy over steps. */
export interface Curve {
  x: number[];
  y: number[];
}

/** What one arm gave with one seed; plain JSON, all numbers finite. */
export interface ArmResult {
  /** Figures by name. A figure that could not be measured is left out. */
  metrics: Record<string, number>;
  /** By metric, one number a task, the same tasks in the same order in all arms and seeds. */
  perTask?: Record<string, number[]>;
  curves?: Record<string, Curve>;
  /** What the arm used of the budget, in the budget's unit. */
  spent?: number;
}

/** One side of the comparison. */
export interface Arm {
  /** One line for people. */
  title: string;
  /** False: the arm has no part in the budget's equality (the untrained model, say). */
  budgeted?: boolean;
  /** Arms of the same seed whose results and folders this one uses; they run first. */
  needs?: readonly string[];
  /** Its settings, shown in the report; changing them makes finished results out of date. */
  settings?: Readonly<Record<string, unknown>>;
  run(context: ArmContext): Promise<ArmResult>;
}

/** How a metric is shown. */
export interface MetricInfo {
  label: string;
  /** 'percent' shows a share of 1 as percent. */
  as: 'percent' | 'number';
  /** Which way is good; left out where neither is. */
  better?: 'higher' | 'lower';
}

/** A metric of all arms with its interval, or a curve over the same x in all arms. */
export type PlotSpec =
  | { kind: 'arms'; metric: string; title: string; arms?: readonly string[] }
  | { kind: 'curves'; curve: string; title: string; x: string; y: string; arms?: readonly string[] };

/** Figures of the paper, to stand beside ours. */
export interface PublishedFigures {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** Why they are not the same thing. */
  note?: string;
}

export interface Reproduction {
  /** Number of the paper in the list, or 0 for one that is not in it. */
  paper: number;
  /** Name of the method: what `burnish reproduce` is given. */
  name: string;
  /** Title of the report. */
  title: string;
  /** The claim of the paper that is checked, in words. */
  claim: string;
  /** The claim holds when all of these hold, and does not when one does not. */
  criteria: readonly Criterion[];
  /** Reported in the same way without a part in the verdict. */
  alsoMeasured?: readonly Criterion[];
  arms: Readonly<Record<string, Arm>>;
  budget: {
    /** 'tokens', 'rollouts', 'steps', … */
    unit: string;
    /** How the arms were made equal, in words. */
    equality: string;
    /** Largest difference between arms as a share of the greatest; 0.05 unless given. */
    tolerance?: number;
  };
  /** Seeds that the verdict is of. */
  seeds: readonly number[];
  /** Seeds on which settings and base models were chosen; never among `seeds`. */
  calibrationSeeds?: readonly number[];
  /** Wall time on two cores, in minutes. */
  minutes: number;
  /** Metrics of the report's table, by name, in order. */
  metrics: Readonly<Record<string, MetricInfo>>;
  plots?: readonly PlotSpec[];
  published?: PublishedFigures;
  /** Methods that recipes of arms and bases may name. */
  methods: MethodTable;
  /** Base models that the arms of a seed start from: they are trained first, each once. */
  bases?(seed: number): readonly BaseSpec[];
  /** `import.meta.url` of the module: a change of the code beside it makes finished results out of date. */
  code: string;
}

/**
 * Checks a declaration and returns it. A method's `reproduction.ts` exports it under the name `reproduction`.
 * Throws an Error that lists everything wrong: unknown arms, metrics without a label, seeds used for calibration, …
 */
export function defineReproduction(reproduction: Reproduction): Reproduction {
  checkDeclaration(reproduction);
  return reproduction;
}
