/**
 * Floating-point operations that a model needs, whatever an implementation spends: the numerator of a share of peak.
 *
 * With N the parameters in matrix products (all two-dimensional weights; the embedding table only where it is also the
 * head, since looking up a row multiplies nothing), L layers, A = heads x headDim and a causal context of c tokens
 * (itself included), one token takes forwards 2 N + 4 L A c: every weight multiplies and adds once, and so do queries with
 * c keys and c attention weights with values. Only the c positions that a causal model looks at count, so an implementation
 * that computes the masked half gets nothing for it.
 *
 * Backwards takes twice that (gradients of inputs and of weights): 6 N a trained token and attention (Kaplan et al. 2020,
 * "Scaling Laws for Neural Language Models", §2.1). With LoRA the frozen weights need no gradient: 4 N, and 6 for each
 * parameter of the adapters. Norms, softmax, losses and the optimiser are left out: they are small and not matrix products.
 */
import { type LoraConfig, type ModelConfig, parameterShapes } from '../src/nn/index.ts';

/** N: parameters that a forward pass multiplies with. */
export function matrixParameters(config: ModelConfig): number {
  return parameterShapes(config)
    .filter(
      ({ name, shape }) => shape.length === 2 && (config.tieEmbeddings || !name.includes('embed_tokens')),
    )
    .reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
}

/** Parameters of the adapters. */
export function adapterParameters(config: ModelConfig, lora: LoraConfig): number {
  return parameterShapes(config)
    .filter(({ name, shape }) => shape.length === 2 && lora.targets.includes(name.split('.').at(-2) ?? ''))
    .reduce((sum, { shape: [out, width] }) => sum + lora.rank * (out + width), 0);
}

/** Attention of the tokens at positions `from` (inclusive) to `to` (exclusive), forwards. */
function attentionFlops({ layers, heads, headDim }: ModelConfig, from: number, to: number): number {
  const contexts = (to * (to + 1) - from * (from + 1)) / 2;
  return 4 * layers * heads * headDim * contexts;
}

/** One training step on `rows` sequences of `length` tokens, forwards and backwards. */
export function trainingFlops(config: ModelConfig, rows: number, length: number, lora?: LoraConfig): number {
  const tokens = rows * length;
  const weights = lora
    ? 4 * matrixParameters(config) + 6 * adapterParameters(config, lora)
    : 6 * matrixParameters(config);
  return weights * tokens + 3 * rows * attentionFlops(config, 0, length);
}

/**
 * Reading one prompt and sampling `newTokens` after it, for each of `rows` completions. The last token is sampled, never
 * read. `readings`: how many times prompts are read; once a completion unless completions share one.
 */
export function decodingFlops(
  config: ModelConfig,
  rows: number,
  promptLength: number,
  newTokens: number,
  readings = rows,
): number {
  const weights = 2 * matrixParameters(config);
  const prompt = weights * promptLength + attentionFlops(config, 0, promptLength);
  const last = promptLength + newTokens - 1;
  const decoded = weights * (newTokens - 1) + attentionFlops(config, promptLength, last);
  return readings * prompt + rows * decoded;
}
