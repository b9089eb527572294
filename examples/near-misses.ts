// Sums with a grader of your own. Run it with:
//
//   npx burnish train examples/near-misses.ts
//
// It takes a minute or two on two cores, ends with a table of held-out pass@1 before and after, and writes report.html.
import { defineRecipe, functionGrader } from 'burnish';

interface Sum {
  answer: string;
}

// The export `grader` replaces the environment's. It sees the task and the completion and returns a score from 0 to 1:
// here 1 for the right answer, and a little for an answer that is off by one digit, so that reinforcement has something
// to prefer even while nothing is quite right. It may be async; throwing means "could not grade", never 0.
export const grader = functionGrader<Sum>('near-misses', ({ task, completion }) => {
  const marker = completion.lastIndexOf('#');
  const said = marker < 0 ? '' : completion.slice(marker + 1).trim();
  const { answer } = task.data;
  if (said === answer) return 1;
  if (said.length !== answer.length) return 0;
  const wrongDigits = [...answer].filter((digit, i) => said[i] !== digit).length;
  return wrongDigits === 1 && answer.length > 1 ? 0.2 : 0;
});

export default defineRecipe({
  name: 'near-misses',
  seed: 0,

  // A fresh model of 0.4 million parameters; its vocabulary is the environment's symbols.
  model: { config: { hiddenSize: 128, layers: 3, heads: 4, maxPositions: 64 } },

  // Prompts such as 47+85=, with a chain of thought: 7+5=12,4+8+1=13#132.
  environment: { name: 'arithmetic', digits: [1, 2], operations: ['+'] },

  // Longer attempts are cut.
  sampling: { maxTokens: 32, temperature: 1 },

  stages: [
    // Imitation, until the model knows how an answer looks and is sometimes right...
    {
      name: 'supervised',
      method: 'supervised',
      steps: 300,
      learningRate: 3e-3,
      schedule: 'cosine',
      warmupSteps: 20,
    },
    // ...then practice: 8 attempts at each of 32 tasks a step, each compared with the others at its task.
    {
      name: 'reinforcement',
      method: 'grpo',
      steps: 80,
      promptsPerStep: 32,
      groupSize: 8,
      learningRate: 1e-4,
      warmupSteps: 5,
    },
  ],

  // Held-out tasks every 30 steps choose the best weights; others, tried before and after, are the figures to report.
  // A score of 1 passes, so near misses do not count here.
  evaluation: { split: 'validation', tasks: 100, every: 50 },
  report: { split: 'test', tasks: 300 },
  snapshots: { every: 100 },
});
