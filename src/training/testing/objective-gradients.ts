/** Evaluates an objective on what `forward` returned, and its gradient with respect to that. */
import type { ForwardOutput, TrainingBatch } from '../../engine/index.ts';
import type { Objective, ObjectiveInputs } from '../../engine/objective.ts';
import {
  compile,
  grad,
  NativeTensor,
  type Program,
  type Spec,
  spec,
  type Tensor,
  type Tree,
} from '../../tensor/index.ts';

type Outputs = {
  logprobs: Float32Array[];
  entropy?: Float32Array[];
  values?: Float32Array[];
  candidates?: Float32Array[];
};
type Arrays = Record<string, NativeTensor>;

const programs = new Map<string, Program>();
const READ = ['logprobs', 'entropy', 'values', 'candidates'] as const;

function programOf(objective: Objective, rows: number, length: number): Program {
  const key = `${objective.key} ${rows}x${length}`;
  const known = programs.get(key);
  if (known) return known;
  const outputs = READ.filter((name) => name === 'logprobs' || objective.needs[name]);
  const grid = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, spec('f32', [rows, length])]));
  const width = objective.needs.candidates;
  const specs = {
    outputs: {
      ...grid(outputs.filter((name) => name !== 'candidates')),
      ...(width ? { candidates: spec('f32', [rows, length, width]) } : {}),
    },
    batch: grid(['mask', 'weight', 'share']),
    data: grid(objective.data),
    scalars: Object.fromEntries(objective.scalars.map((name) => [name, spec('f32', [])])),
  };
  const program = compile<Tree<Tensor>, Tree<Tensor>>(
    (tree) => {
      const given = tree as unknown as {
        outputs: Record<string, Tensor>;
        batch: Record<'mask' | 'weight' | 'share', Tensor>;
        data: Record<string, Tensor>;
        scalars: Record<string, Tensor>;
      };
      const inputs = {
        ...given.outputs,
        ...given.batch,
        data: given.data ?? {},
        scalars: given.scalars ?? {},
      } as ObjectiveInputs;
      const { loss, metrics } = objective.evaluate(inputs);
      const gradients = grad(
        loss,
        outputs.map((name) => given.outputs[name]),
      );
      return {
        loss,
        metrics,
        gradients: Object.fromEntries(outputs.map((name, i) => [name, gradients[i]])),
      };
    },
    specs as Tree<Spec>,
  );
  programs.set(key, program);
  return program;
}

/** Loss, metrics and gradients of a batch, the gradients in the shape of the outputs. */
export async function objectiveGradients(
  objective: Objective,
  batch: TrainingBatch,
  output: ForwardOutput,
): Promise<{ loss: number; metrics: Record<string, number>; gradients: Outputs }> {
  const longest = Math.max(...batch.sequences.map((tokens) => tokens.length));
  const length = Math.ceil(longest / 8) * 8;
  const rows = 2 ** Math.ceil(Math.log2(batch.sequences.length));
  const program = programOf(objective, rows, length);
  const grid = (values: readonly ArrayLike<number>[], width?: number) => {
    const tensor = NativeTensor.zeros('f32', width ? [rows, length, width] : [rows, length]);
    values.forEach((row, i) => {
      (tensor.data as Float32Array).set(row, i * length * (width ?? 1));
    });
    return tensor;
  };
  const masked = batch.mask.reduce((sum, row) => sum + Array.from(row).reduce((a, b) => a + b, 0), 0);
  const share = batch.mask.map((row) => Float32Array.from(row, (m) => m / masked));
  const widthOf = (name: string) => (name === 'candidates' ? objective.needs.candidates : undefined);
  const outputs: Arrays = {};
  for (const name of READ)
    if (name === 'logprobs' || objective.needs[name]) outputs[name] = grid(output[name] ?? [], widthOf(name));
  const scalars: Arrays = {};
  for (const name of objective.scalars) {
    scalars[name] = NativeTensor.zeros('f32', []);
    scalars[name].data[0] = batch.scalars?.[name] ?? 0;
  }
  const inputs = {
    outputs,
    batch: { mask: grid(batch.mask), weight: grid(batch.weight), share: grid(share) },
    data: Object.fromEntries(objective.data.map((name) => [name, grid(batch.data[name])])),
    scalars,
  };
  const results = program.allocateOutputs() as unknown as {
    loss: NativeTensor;
    metrics: Arrays;
    gradients: Arrays;
  };
  const run = program.bind(inputs as Tree<NativeTensor>, results as unknown as Tree<NativeTensor>);
  await run.run();
  run.dispose();
  const ungrid = (tensor: NativeTensor | undefined, width = 1) =>
    tensor &&
    batch.sequences.map((tokens, i) =>
      (tensor.data as Float32Array).slice(i * length * width, (i * length + tokens.length) * width),
    );
  return {
    loss: Number(results.loss.data[0]),
    metrics: Object.fromEntries(
      Object.entries(results.metrics ?? {}).map(([name, tensor]) => [name, Number(tensor.data[0])]),
    ),
    gradients: {
      logprobs: ungrid(results.gradients.logprobs) ?? [],
      entropy: ungrid(results.gradients.entropy),
      values: ungrid(results.gradients.values),
      candidates: ungrid(results.gradients.candidates, objective.needs.candidates),
    },
  };
}
