/** What an arm is given to work with. */
import { join } from 'node:path';
import type { MethodTable, RecipeInput } from '../training/index.ts';
import type { Environment } from '../types/index.ts';
import type { BaseSpec } from './base-model.ts';
import type { ArmResult } from './declaration.ts';
import type { FinishedRecipe } from './run-recipe.ts';
import { StoppedError } from './stopped.ts';

export interface TrainArmOptions {
  /** Its seed is the arm's unless it has one of its own. */
  recipe: RecipeInput;
  /** Instead of the one that the recipe names. */
  environment?: Environment;
  /** Folder below the arm's own; 'run' unless given. Two recipes of one arm need two. */
  folder?: string;
  /** The part of the arm's progress that this is, as shares of 1; [0, 0.9] unless given. */
  progress?: readonly [from: number, to: number];
}

/** What an arm is given to work with. */
export interface ArmContext {
  arm: string;
  seed: number;
  /** The arm's settings as declared. */
  settings: Readonly<Record<string, unknown>>;
  /** Folder of its own, which stays between sittings. */
  folder: string;
  /** Results of the arms that it `needs`, of the same seed. */
  results: Readonly<Record<string, ArmResult>>;
  /** Folder of an arm that it `needs`, of the same seed. */
  folderOf(arm: string): string;
  /** Aborted when the work is to stop: call `stopIfAsked` between pieces of work that are longer than a second. */
  signal: AbortSignal;
  /** Throws a StoppedError when the work is to stop. */
  stopIfAsked(): void;
  /** Says which share of the arm is done, 0..1. */
  progress(share: number): void;
  /** Says something that the user should see. */
  log(line: string): void;
  /** The folder of a base model, trained if it is not there yet. */
  base(spec: BaseSpec): Promise<string>;
  /** Runs a recipe to its end; goes on from its snapshots when the arm was interrupted. Dispose of the engine. */
  train(options: TrainArmOptions): Promise<FinishedRecipe>;
}

export interface ContextParts
  extends Pick<
    ArmContext,
    'arm' | 'seed' | 'settings' | 'folder' | 'results' | 'folderOf' | 'signal' | 'progress' | 'log'
  > {
  methods: MethodTable;
  cache: string;
}

/** The context of an arm at work. */
export function armContext({ methods, cache, ...parts }: ContextParts): ArmContext {
  const { signal, seed, folder, progress } = parts;
  return {
    ...parts,
    stopIfAsked() {
      if (signal.aborted) throw new StoppedError('stopped');
    },
    // Loaded where they are used: arms without a model start quicker.
    async base(spec) {
      const { baseModel } = await import('./base-model.ts');
      return await baseModel(spec, { methods, cache, signal });
    },
    async train({ recipe, environment, folder: below = 'run', progress: [from, to] = [0, 0.9] }) {
      const { runRecipe } = await import('./run-recipe.ts');
      return await runRecipe({
        recipe: { ...recipe, seed: recipe.seed ?? seed },
        methods,
        folder: join(folder, below),
        environment,
        signal,
        onProgress: (share) => progress(from + share * (to - from)),
      });
    },
  };
}
