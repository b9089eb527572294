/** R-Tuning: supervised training in which questions beyond the model's knowledge are answered with "I do not know". */
import { z } from 'zod';
import { crossEntropy } from '../../objectives/index.ts';
import { defineMethod, rowsToBatch } from '../../training/index.ts';
import { knowledgeBoundary, probingOptions } from '../shared/knowledge-boundary.ts';
import { exampleRows, supervised, supervisedConfig } from '../supervised/method.ts';

export const rTuningConfig = z.strictObject({
  ...supervisedConfig.shape,
  ...probingOptions,
  /** What the model is taught to say where it does not know. */
  abstain: z.string().min(1),
});

/**
 * Each question is first put to the starting weights; where none of the attempts is right, the worked completion is replaced by
 * the phrase of abstention (Zhang et al. 2024, "R-Tuning: Instructing Large Language Models to Say 'I Don't Know'", in the form
 * in which "TruthRL" compares with it).
 */
export const rTuning = defineMethod({
  name: 'r-tuning',
  title: 'R-Tuning: worked completions, and "I do not know" beyond the model\'s knowledge',
  paper: {
    title: "R-Tuning: Instructing Large Language Models to Say 'I Don't Know'",
    year: 2024,
    source: 'arXiv 2311.09677',
  },
  config: rTuningConfig,
  needs: () => ({ reference: true }),
  create(config, context) {
    const { batchSize, maxLength, aggregation, abstain } = config;
    const { environment, tokenizer, curriculum, sampling } = context;
    const boundary = knowledgeBoundary(config, context, sampling);
    const plain = supervised.create({ batchSize, maxLength, aggregation }, context);
    const objective = crossEntropy();
    return {
      ...plain,
      async step(step) {
        step.signal.throwIfAborted();
        const tasks = curriculum.next(batchSize, step.step).map((index) => environment.task('train', index));
        const beyond = await boundary.beyond(tasks, step);
        const taught = tasks.map((task, i) => (beyond[i] ? { ...task, completion: abstain } : task));
        const { rows, skipped } = exampleRows(taught, tokenizer, maxLength);
        const batch = rowsToBatch(rows, { aggregation, maxLength });
        return {
          updates: batch === undefined ? [] : [{ batch, objective }],
          metrics: {
            'examples.skipped': skipped,
            'examples.abstaining': beyond.filter(Boolean).length / beyond.length,
          },
        };
      },
      state: boundary.state,
      restore: boundary.restore,
    };
  },
});
