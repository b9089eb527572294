/** Commented recipes that `burnish init` writes. */

export const yamlTemplate = `# A Burnish recipe: everything a run does. Run it with: burnish train <this file>
# Any value can be changed for one run: burnish train <this file> --set stages.1.steps=200

name: my-run            # letters, digits, '-', '_', '.': names the run's folder
seed: 0                 # same seed, same machine: same weights, bit for bit

# A folder of a Hugging Face model (Llama, Qwen2 or Qwen3 shape; relative to this file), a shipped model
# (burnish/countdown), or, as here, the shape of a fresh one. Its vocabulary comes from the environment.
model:
  config:
    hiddenSize: 128
    layers: 3
    heads: 4
    maxPositions: 128

# What is practised. Built in: arithmetic, countdown, g2p, each with options. Your own tasks instead:
#   environment: { file: tasks.jsonl, grader: exact }    # exact, normalized, numeric or ending
# with lines such as {"prompt": "2+3=", "answer": "5"}; "completion" may hold a worked answer.
environment:
  name: arithmetic
  digits: [1, 2]

# How completions are drawn in training.
sampling:
  maxTokens: 40
  temperature: 1

# Stages run one after the other. Each ends after steps, epochs or seconds (give one of them).
stages:
  # Imitate worked completions until the model sometimes succeeds...
  - name: supervised
    method: supervised
    steps: 300
    batchSize: 32
    learningRate: 0.002
    schedule: cosine
    warmupSteps: 20
  # ...then practise: sample groups of attempts, prefer what scored better than its group.
  - name: reinforcement
    method: grpo        # or dr-grpo, dapo, gspo, cispo, rloo, reinforce, ppo
    steps: 60
    promptsPerStep: 16  # tasks a step
    groupSize: 8        # attempts a task
    learningRate: 0.0001
    warmupSteps: 5

# Held-out tasks, tried while training; the best weights are kept by them.
evaluation:
  split: validation
  tasks: 200
  every: 30             # steps

# Other held-out tasks, tried before and after: the figures to report.
report:
  split: test
  tasks: 300

# The whole state is saved every so many steps, and when you press Ctrl-C.
snapshots:
  every: 50
`;

export const typescriptTemplate = `// A Burnish recipe in TypeScript. Run it with: burnish train <this file>
import { defineRecipe, functionGrader } from 'burnish';

// Optional: a grader of your own replaces the environment's. It returns a score from 0 to 1; it may be async, and
// throwing means "could not grade", which is never the same as 0.
export const grader = functionGrader<{ answer: string }>('my-grader', ({ task, completion }) => {
  const said = completion.split('#').at(-1)?.trim();
  return said === String(task.data.answer) ? 1 : 0;
});

export default defineRecipe({
  name: 'my-run',
  // Same seed, same machine: same weights, bit for bit.
  seed: 0,

  // A folder of a Hugging Face model (relative to this file), a shipped model ('burnish/countdown'), or the shape of a
  // fresh one, whose vocabulary comes from the environment.
  model: { config: { hiddenSize: 128, layers: 3, heads: 4, maxPositions: 128 } },

  // Built in: arithmetic, countdown, g2p. Your own tasks: { file: 'tasks.jsonl' }.
  environment: { name: 'arithmetic', digits: [1, 2] },

  sampling: { maxTokens: 40, temperature: 1 },

  // Stages run one after the other; each ends after steps, epochs or seconds.
  stages: [
    { name: 'supervised', method: 'supervised', steps: 300, batchSize: 32, learningRate: 2e-3, schedule: 'cosine' },
    { name: 'reinforcement', method: 'grpo', steps: 60, promptsPerStep: 16, groupSize: 8, learningRate: 1e-4 },
  ],

  // Held-out tasks while training; the best weights are kept by them. Then others, before and after, to report.
  evaluation: { split: 'validation', tasks: 200, every: 30 },
  report: { split: 'test', tasks: 300 },
  snapshots: { every: 50 },
});
`;
