/** Loss, metrics and gradients of ragged batches: packed into runs, each one fused forward and backward pass. */
import type { ModelConfig, ModelWeights } from '../../nn/index.ts';
import { type BoundRun, NativeTensor, type Tree } from '../../tensor/index.ts';
import type { StepResult, TrainingBatch } from '../engine.ts';
import type { Objective } from '../objective.ts';
import { checkCandidates, checkRows, checkSequences } from './checks.ts';
import { scoredRoom } from './costs.ts';
import { countScored, fillScored, fillSlots, fillTokens } from './packed.ts';
import { type PackedRun, type PackingOptions, packBatch } from './packing.ts';
import { type ModelPrograms, shapeKey } from './programs.ts';
import { Recent } from './recent.ts';

type NativeRecord = Record<string, NativeTensor>;

/** A program with memory of its own for everything but parameters and gradients. */
interface BoundProgram {
  batch: NativeRecord;
  data: NativeRecord;
  scalars: NativeRecord;
  loss: NativeTensor;
  metrics: NativeRecord;
  run: BoundRun;
}

/** Programs that stay bound. */
const MOST_BOUND = 32;

/** Accumulates gradients in the weights' arena. */
export class Learner {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly packing: PackingOptions;
  private readonly bound = new Recent<BoundProgram>(MOST_BOUND, ({ run }) => run.dispose());
  private accumulated = false;

  constructor(weights: ModelWeights, programs: ModelPrograms, packing: PackingOptions) {
    this.weights = weights;
    this.programs = programs;
    this.packing = packing;
  }

  /** True when the arena holds gradients that no optimiser step has used. */
  get hasGradient(): boolean {
    return this.accumulated;
  }

  /** The next run overwrites the gradients. */
  clear(): void {
    this.accumulated = false;
  }

  /** See `Engine.forwardBackward`. */
  async run(batch: TrainingBatch, objective: Objective): Promise<StepResult> {
    check(batch, objective, this.weights.config);
    const { sequences, mask } = batch;
    const masked = mask.reduce((sum, row) => sum + total(row), 0);
    const share = mask.map((row) => Float32Array.from(row, (m) => (masked > 0 ? m / masked : 0)));
    const width = objective.needs.candidates;
    const rows = { sequences, mask, candidates: batch.candidates, width };
    const result: StepResult = { loss: 0, metrics: {} };
    const runs = packBatch(sequences, mask, this.packing);
    // Several runs add to what is there; the only run of a step writes over it.
    const further = this.accumulated || runs.length > 1;
    if (further && !this.accumulated) {
      this.weights.arena.gradients.fill(0);
      this.accumulated = true;
    }
    for (const run of runs) {
      const scored = scoredRoom(this.weights.config, countScored(run, rows), run.rows * run.length);
      const program = this.bind(objective, run, scored, further);
      fillTokens(program.batch, run, sequences);
      fillScored(program.batch, run, rows);
      fillSlots(program.batch.mask, run, mask);
      fillSlots(program.batch.weight, run, batch.weight);
      fillSlots(program.batch.share, run, share);
      for (const name of objective.data) fillSlots(program.data[name], run, batch.data[name]);
      for (const name of objective.scalars) program.scalars[name].data[0] = batch.scalars?.[name] as number;
      await program.run.run();
      this.accumulated = true;
      result.loss += program.loss.data[0] as number;
      for (const [name, value] of Object.entries(program.metrics))
        result.metrics[name] = (result.metrics[name] ?? 0) + (value.data[0] as number);
    }
    return result;
  }

  dispose(): void {
    this.bound.clear();
  }

  private bind(objective: Objective, run: PackedRun, scored: number, further: boolean): BoundProgram {
    const key = `${objective.key} ${shapeKey(run)} ${scored} ${further}`;
    return this.bound.get(key, () => this.bindNew(objective, run, scored, further));
  }

  private bindNew(objective: Objective, run: PackedRun, scored: number, further: boolean): BoundProgram {
    const program = this.programs.learn(objective, run, scored, further);
    const memory: Record<'batch' | 'data' | 'scalars', NativeRecord> = { batch: {}, data: {}, scalars: {} };
    for (const { path, dtype, shape } of program.inputs) {
      const dot = path.indexOf('.');
      const branch = path.slice(0, dot);
      if (branch !== 'parameters' && branch !== 'gradients')
        memory[branch as 'batch'][path.slice(dot + 1)] = NativeTensor.zeros(dtype, shape);
    }
    const metrics: NativeRecord = {};
    for (const { path } of program.outputs)
      if (path.startsWith('metrics.')) metrics[path.slice('metrics.'.length)] = NativeTensor.zeros('f32', []);
    const loss = NativeTensor.zeros('f32', []);
    const { tensors: parameters, gradients } = this.weights;
    const inputs = { parameters, ...(further ? { gradients } : {}), ...memory };
    const outputs = { loss, metrics, gradients };
    return {
      ...memory,
      loss,
      metrics,
      run: program.bind(inputs as Tree<NativeTensor>, outputs as Tree<NativeTensor>),
    };
  }
}

function total(row: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i];
  return sum;
}

/** Throws an Error naming what is missing or does not fit. */
function check(batch: TrainingBatch, objective: Objective, { maxPositions, vocabSize }: ModelConfig): void {
  const { sequences, candidates, data, scalars } = batch;
  const { name, needs } = objective;
  const present = <T>(field: string, value: T | undefined): T => {
    if (value === undefined) throw new Error(`${field}: is missing; the objective ${name} reads it`);
    return value;
  };
  if (sequences.length === 0) throw new Error('batch.sequences: is empty, expected at least one sequence');
  checkSequences('batch.sequences', sequences, 2, maxPositions, vocabSize);
  checkRows('batch.mask', batch.mask, sequences);
  checkRows('batch.weight', batch.weight, sequences);
  for (const key of objective.data)
    checkRows(`batch.data.${key}`, present(`batch.data.${key}`, data[key]), sequences);
  for (const key of objective.scalars) present(`batch.scalars.${key}`, scalars?.[key]);
  if (needs.candidates) {
    const ids = present('batch.candidates', candidates);
    checkCandidates('batch.candidates', ids, needs.candidates, sequences, vocabSize);
  }
}
