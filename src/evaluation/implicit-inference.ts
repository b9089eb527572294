/** Which task a model takes a prompt to be: the posterior of the ideal reader, and the prior that fits a model. */

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function checkShare(where: string, name: string, value: number): void {
  if (!(value > 0 && value < 1))
    throw new RangeError(`${where}: ${name} is ${value}, expected within 0 and 1`);
}

/**
 * Posterior probability of a task whose prior is `prior`, given evidence for it in nats (log-likelihood of the prompt under the
 * task less that under its alternative): prior · e^x / (prior · e^x + 1 - prior). Throws a RangeError unless 0 < prior < 1.
 */
export function taskPosterior(prior: number, evidence: number): number {
  checkShare('taskPosterior', 'prior', prior);
  return sigmoid(Math.log(prior / (1 - prior)) + evidence);
}

/** What a model made of one prompt. */
export interface InferencePoint {
  /** Nats for the task. */
  evidence: number;
  /** The model's probability of the task, in [0, 1]. */
  probability: number;
}

/** Prior odds beyond e^±30 are no longer told apart. */
const LIMIT = 30;
const GRID = 121;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The prior under which an ideal reader's posteriors are nearest to a model's, by least squares, in (0, 1): the model's
 * implicit prior, which fine-tuning shifts (Kotha et al. 2023). By a grid over the log-odds and golden-section search around
 * the best. Throws a RangeError on no points or a probability outside [0, 1].
 */
export function implicitPrior(points: readonly InferencePoint[]): number {
  if (points.length === 0) throw new RangeError('implicitPrior: 0 points, expected at least 1');
  const wrong = points.find(({ probability }) => !(probability >= 0 && probability <= 1));
  if (wrong !== undefined)
    throw new RangeError(`implicitPrior: probability is ${wrong.probability}, expected 0..1`);
  const loss = (logOdds: number) =>
    points.reduce(
      (sum, { evidence, probability }) => sum + (sigmoid(logOdds + evidence) - probability) ** 2,
      0,
    );
  const step = (2 * LIMIT) / (GRID - 1);
  const grid = Array.from({ length: GRID }, (_, i) => i * step - LIMIT);
  const best = grid.reduce((a, b) => (loss(b) < loss(a) ? b : a));
  let [low, high] = [best - step, best + step];
  while (high - low > 1e-9) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return sigmoid((low + high) / 2);
}
