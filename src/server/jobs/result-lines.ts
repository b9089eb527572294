/** The table of a job's figures that clients download when it is done: one line a step. */
import type { FineTuneSpec } from './spec.ts';

const COLUMNS = {
  supervised: { train_loss: 'loss', train_mean_token_accuracy: 'accuracy' },
  dpo: { train_loss: 'loss' },
  traffic: { train_loss: 'loss' },
  reinforcement: {
    train_mean_reward: 'reward.mean',
    kl: 'kl',
    entropy: 'entropy',
    completion_tokens_mean: 'length.mean',
  },
} as const;

/** Gathers lines. */
export class ResultLines {
  private readonly columns: [title: string, metric: string][];
  private readonly rows = new Map<number, Record<string, number>>();

  constructor(kind: FineTuneSpec['kind']) {
    this.columns = Object.entries(COLUMNS[kind]);
  }

  addStep(step: number, metrics: Readonly<Record<string, number>>): void {
    const row = this.row(step);
    for (const [title, metric] of this.columns) if (metric in metrics) row[title] = metrics[metric];
  }

  addValidation(step: number, reward: number): void {
    this.row(step).valid_mean_reward = reward;
  }

  /** Takes over the figures of a run's record. */
  recall(
    series: readonly { name: string; steps: number[]; values: number[] }[],
    hasValidation: boolean,
  ): void {
    for (const [title, metric] of this.columns) {
      const found = series.find(({ name }) => name === metric);
      found?.steps.forEach((step, i) => {
        this.row(step)[title] = found.values[i];
      });
    }
    const validation = hasValidation ? series.find(({ name }) => name === 'eval.meanScore') : undefined;
    validation?.steps.forEach((step, i) => {
      this.addValidation(step, validation.values[i]);
    });
  }

  /** As CSV, header first. */
  get text(): string {
    const titles = ['step', ...this.columns.map(([title]) => title), 'valid_mean_reward'];
    const lines = [...this.rows]
      .sort(([a], [b]) => a - b)
      .map(([step, row]) => {
        const cells = titles.slice(1).map((title) => (title in row ? String(row[title]) : ''));
        return [step, ...cells].join(',');
      });
    return `${[titles.join(','), ...lines].join('\n')}\n`;
  }

  private row(step: number): Record<string, number> {
    const row = this.rows.get(step) ?? {};
    this.rows.set(step, row);
    return row;
  }
}
