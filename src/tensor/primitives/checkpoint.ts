/** Checkpoints: pieces of a program that the backward pass computes anew instead of keeping what they made. */
import { apply, applyAll, definePrimitive, expectType, type Node, type Tensor } from '../tensor.ts';

/** A piece of a program. */
export type Piece = (inputs: readonly Tensor[]) => readonly Tensor[];

/** What a checkpoint's rule needs: its node reads [...outputs of the piece, ...inputs, ...outside]. */
export interface Checkpoint {
  piece: Piece;
  outputs: number;
  inputs: number;
}

const checkpointPrimitive = definePrimitive<Checkpoint>({
  name: 'checkpoint',
  infer: (inputs, { outputs }) => inputs.slice(0, outputs).map(({ dtype, shape }) => ({ dtype, shape })),
  emit: (_e, inputs, { attributes: { outputs } }) => inputs.slice(0, outputs),
});

/**
 * The outputs of `piece`, whose backward pass keeps only `inputs`: it traces `piece` again on them, once the gradient of
 * the outputs is known, and differentiates that (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
 * Gradients are those of the piece itself, at the cost of computing it twice. `piece` may read other arrays of the
 * program; it must do the same at every call.
 */
export function checkpoint(piece: Piece, inputs: readonly Tensor[]): readonly Tensor[] {
  const outputs = piece(inputs);
  const read = [...outputs, ...inputs, ...outside(outputs, inputs)];
  return applyAll(checkpointPrimitive, read, { piece, outputs: outputs.length, inputs: inputs.length });
}

/** The float arrays that a piece reads besides its inputs, in the order of a walk that is the same for every trace. */
export function outside(outputs: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
  const dependent = new Map<Node, boolean>(inputs.map((x) => [x.node, true]));
  const found = new Set<Tensor>();
  const walk = (node: Node): boolean => {
    const known = dependent.get(node);
    if (known !== undefined) return known;
    const depends = node.inputs.map((x) => walk(x.node));
    const inside = depends.includes(true);
    dependent.set(node, inside);
    if (inside)
      node.inputs.forEach((x, i) => {
        if (!depends[i] && x.dtype === 'f32') found.add(x);
      });
    return inside;
  };
  for (const output of outputs) if (!walk(output.node) && output.dtype === 'f32') found.add(output);
  return [...found];
}

const afterPrimitive = definePrimitive<null>({
  name: 'after',
  infer: (inputs) => {
    for (const x of inputs) expectType('after', x, 'f32');
    return [inputs[0]];
  },
  // x + 0 · Σ signal[0]: a sum that the runtime can neither drop nor compute before the signals.
  emit: (e, [x, ...signals]) => {
    const first = e.constant('i64', [], BigInt64Array.of(0n));
    const entries = signals.map((signal) =>
      e.node('Gather', [e.node('Reshape', [signal, e.ints([-1])]), first], { axis: { i: 0 } }),
    );
    const total = entries.length === 1 ? entries[0] : e.node('Sum', entries);
    return [e.node('Add', [x, e.node('Mul', [total, e.constant('f32', [], Float32Array.of(0))])])];
  },
});

/** x, but not before the `signals` are there. NaN when the first entry of a signal is not finite. */
export function after(x: Tensor, signals: readonly Tensor[]): Tensor {
  return signals.length === 0 ? x : apply(afterPrimitive, [x, ...signals], null);
}
