/** Everything a worker needs to know of its job: plain JSON, the same at every sitting. */
import type { GivenGrader } from '../../graders/openai/index.ts';
import type { RecipeInput } from '../../training/index.ts';
import type { LineKind } from '../dataset/lines.ts';
import type { EmbeddingEndpoint } from '../grading/embed.ts';
import type { Endpoint } from '../grading/endpoint.ts';
import type { JsonFormat } from '../inference/grammar.ts';

export interface FineTuneSpec {
  job: string;
  /** Folder of the run: its record, snapshots, checkpoints and final model. */
  folder: string;
  /** Learn from what kind of lines. */
  kind: LineKind;
  trainingFile: string;
  validationFile: string | null;
  recipe: RecipeInput;
  grader: GivenGrader | null;
  /** What sampled outputs have to be; null: anything. */
  outputFormat: JsonFormat | null;
  /** Tokens that the model gives probabilities of. */
  vocabulary: number;
  failedGrades: 'retry' | 'drop' | 'zero';
  /** Where judges are asked: an OpenAI-compatible base URL and its key. */
  judge: Endpoint | null;
  /** The database that keeps judges' answers; null: they are not kept. */
  answers: string | null;
  /** Who embeds for the metric `cosine`. */
  embedder: EmbeddingEndpoint | null;
  /** Names for people. */
  model: string;
}
