/** For tests: the loss, gradients and metrics of an objective on given arrays, through the tensor library. */
import type { Objective, ObjectiveInputs } from '../../engine/index.ts';
import { array, grad, type Jitted, jit, type NativeTensor, type Tensor } from '../../tensor/index.ts';

/** Rows of equal length; `data` by name. */
export interface Batch {
  logprobs: number[][];
  entropy?: number[][];
  values?: number[][];
  /** [B,T,K]. */
  candidates?: number[][][];
  mask: number[][];
  weight: number[][];
  data: Record<string, number[][]>;
  /** Masked tokens of the batch that these rows are part of. Default: those of these rows. */
  totalTokens?: number;
}

export interface Evaluation {
  loss: number;
  metrics: Record<string, number>;
  /** With respect to what the objective can differentiate, flat in row-major order. */
  gradients: { logprobs: number[]; entropy?: number[]; values?: number[]; candidates?: number[] };
}

const programs = new Map<string, Jitted>();

/** Evaluates an objective; programs are kept by the objective's key. */
export async function evaluate(objective: Objective, batch: Batch): Promise<Evaluation> {
  const wanted = (['entropy', 'values'] as const).filter((name) => objective.needs[name]);
  let program = programs.get(objective.key);
  if (!program) {
    program = jit((inputs: Record<string, Tensor | Record<string, Tensor>>) => {
      const traced = { ...inputs, scalars: {} } as unknown as ObjectiveInputs;
      const { loss, metrics } = objective.evaluate(traced);
      const names = ['logprobs', ...wanted, ...(objective.needs.candidates ? ['candidates'] : [])];
      const gradients = grad(
        loss,
        names.map((name) => inputs[name] as Tensor),
      );
      return { loss, metrics, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]])) };
    });
    programs.set(objective.key, program);
  }
  const shape = [batch.mask.length, batch.mask[0].length];
  const native = (rows: number[][]) => array(rows.flat(), shape);
  const total = batch.totalTokens ?? batch.mask.flat().filter((m) => m > 0).length;
  const out = (await program({
    logprobs: native(batch.logprobs),
    ...Object.fromEntries(wanted.map((name) => [name, native(batch[name] ?? [])])),
    ...(objective.needs.candidates
      ? { candidates: array((batch.candidates ?? []).flat(2), [...shape, objective.needs.candidates]) }
      : {}),
    mask: native(batch.mask),
    weight: native(batch.weight),
    share: native(batch.mask.map((row) => row.map((m) => m / total))),
    data: Object.fromEntries(objective.data.map((name) => [name, native(batch.data[name])])),
  })) as {
    loss: NativeTensor;
    metrics: Record<string, NativeTensor>;
    gradients: Record<string, NativeTensor>;
  };
  const numbers = (x: NativeTensor) => Array.from(x.data as Float32Array);
  return {
    loss: numbers(out.loss)[0],
    metrics: Object.fromEntries(Object.entries(out.metrics).map(([name, x]) => [name, numbers(x)[0]])),
    gradients: Object.fromEntries(
      Object.entries(out.gradients).map(([name, x]) => [name, numbers(x)]),
    ) as Evaluation['gradients'],
  };
}
