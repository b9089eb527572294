/** A run of the real training loop that waits before each step, so that its steps can be timed one by one. */
import { join } from 'node:path';
import type { Engine } from '../src/engine/index.ts';
import { methods } from '../src/methods/index.ts';
import { openStore, type Store } from '../src/store/index.ts';
import type { Tokenizer } from '../src/text/index.ts';
import {
  type Method,
  parseRecipe,
  type RecipeInput,
  type TrainResult,
  train,
} from '../src/training/index.ts';
import type { Environment } from '../src/types/index.ts';

export interface LoopRunOptions {
  engine: Engine;
  tokenizer: Tokenizer;
  environment: Environment;
  /** The one stage; its number of steps is how many can be asked for. */
  stage: RecipeInput['stages'][number];
  sampling?: RecipeInput['sampling'];
  /** Folder for the record and the snapshots. */
  folder: string;
}

/** A stop on the loop's way into a step: it reports that it got there and waits to be let through. */
class Gate {
  private arrived: () => void = () => undefined;
  private letThrough: () => void = () => undefined;
  private reached: Promise<void>;

  constructor() {
    this.reached = this.nextArrival();
  }

  private nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  /** The loop's side. */
  wait(): Promise<void> {
    const through = new Promise<void>((resolve) => {
      this.letThrough = resolve;
    });
    this.arrived();
    return through;
  }

  /** Resolves when the loop waits here. */
  whenReached(): Promise<void> {
    return this.reached;
  }

  open(): void {
    this.reached = this.nextArrival();
    this.letThrough();
  }
}

/** The same method with a gate before every step. */
function gated(method: Method, gate: Gate): Method {
  return {
    ...method,
    create(config, context) {
      const instance = method.create(config, context);
      return {
        ...instance,
        async step(step) {
          await gate.wait();
          return await instance.step(step);
        },
      };
    },
  };
}

/** The loop between two gates: sampling, grading, credit, updates, metrics and the record of the step. */
export class LoopRun {
  private readonly gate: Gate;
  private readonly store: Store;
  private readonly abort: AbortController;
  private readonly done: Promise<TrainResult>;

  private constructor(gate: Gate, store: Store, abort: AbortController, done: Promise<TrainResult>) {
    this.gate = gate;
    this.store = store;
    this.abort = abort;
    this.done = done;
  }

  /** Starts a run up to its first step. Snapshots and evaluations come only at its start and its end. */
  static async start(options: LoopRunOptions): Promise<LoopRun> {
    const { engine, tokenizer, environment, stage, sampling, folder } = options;
    const gate = new Gate();
    const table = { ...methods, [stage.method]: gated(methods[stage.method], gate) };
    const recipe = parseRecipe(
      {
        name: 'bench',
        model: 'bench',
        environment: { name: environment.name },
        stages: [stage],
        sampling,
        evaluation: { tasks: 1, every: 0 },
        snapshots: { every: 0 },
      },
      table,
    );
    const store = await openStore(join(folder, 'runs.db'));
    const abort = new AbortController();
    const done = train({
      recipe,
      methods: table,
      engine,
      tokenizer,
      environment,
      store,
      run: 'bench',
      folder: join(folder, 'run'),
      signal: abort.signal,
    });
    const run = new LoopRun(gate, store, abort, done);
    await run.atGate();
    return run;
  }

  /** Does one step; its wall time in seconds. Throws when the run fails. */
  async step(): Promise<number> {
    const started = performance.now();
    this.gate.open();
    await this.atGate();
    return (performance.now() - started) / 1000;
  }

  /** Ends the run. */
  async stop(): Promise<void> {
    this.abort.abort();
    this.gate.open();
    await this.done;
    await this.store.close();
  }

  private async atGate(): Promise<void> {
    const ended = this.done.then(() => {
      throw new Error('the run ended before the benchmark did: its stage has too few steps');
    });
    await Promise.race([this.gate.whenReached(), ended]);
  }
}
