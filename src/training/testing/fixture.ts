/** A run on the toy environment, set up in one line for tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../store/index.ts';
import type { Environment } from '../../types/index.ts';
import type { TrainEvent } from '../events.ts';
import { type TrainOptions, type TrainResult, train } from '../loop.ts';
import type { MethodTable } from '../method.ts';
import { parseRecipe, type RecipeInput } from '../recipe.ts';
import { successor, successorTokenizer } from './successor.ts';
import { TabularEngine, type TabularOptions } from './tabular-engine.ts';

/** A recipe on the toy environment with the given stages. */
export function toyRecipe(stages: RecipeInput['stages'], more: Partial<RecipeInput> = {}): RecipeInput {
  return {
    name: 'toy',
    model: 'toy',
    environment: { name: 'successor' },
    seed: 5,
    stages,
    sampling: { maxTokens: 4 },
    evaluation: { tasks: 20, samples: 2, every: 0 },
    snapshots: { every: 5, keep: 2 },
    ...more,
  };
}

export interface Setup {
  methods: MethodTable;
  environment?: Environment;
  engine?: Partial<TabularOptions>;
}

/** A folder with a store, in which runs are begun and resumed. */
export class ToyRun {
  readonly folder: string;
  readonly store: Store;
  readonly events: TrainEvent[] = [];
  private readonly setup: Setup;
  /** The engine of the latest sitting. */
  engine: TabularEngine;

  private constructor(folder: string, store: Store, setup: Setup) {
    this.folder = folder;
    this.store = store;
    this.setup = setup;
    this.engine = this.fresh();
  }

  static async open(setup: Setup): Promise<ToyRun> {
    const folder = await mkdtemp(join(tmpdir(), 'burnish-train-'));
    return new ToyRun(folder, await openStore(join(folder, 'runs.db')), setup);
  }

  private fresh(): TabularEngine {
    return new TabularEngine({ tokenizer: successorTokenizer(), ...this.setup.engine });
  }

  /** One sitting, with an engine that knows nothing of earlier ones. */
  async train(recipe: RecipeInput, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
    this.engine = this.fresh();
    const { methods, environment = successor() } = this.setup;
    return await train({
      recipe: parseRecipe(recipe, methods),
      methods,
      engine: this.engine,
      tokenizer: successorTokenizer(),
      environment,
      store: this.store,
      run: 'toy-run',
      folder: join(this.folder, 'run'),
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** All metrics but wall times, by name. */
  async metrics(): Promise<Record<string, { steps: number[]; values: number[] }>> {
    const series = await this.store.metrics('toy-run');
    return Object.fromEntries(
      series
        .filter(({ name }) => !name.startsWith('time.'))
        .map(({ name, steps, values }) => [name, { steps, values }]),
    );
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
