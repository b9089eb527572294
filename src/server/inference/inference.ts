/** The models that answer: loaded when first asked for, the least recently used let go when there are too many. */
import type { ServerMetrics } from '../metrics.ts';
import { type Models, weightsVersion } from '../models/models.ts';
import { ModelServer } from './model-server.ts';

export interface InferenceOptions {
  models: Models;
  metrics: ServerMetrics;
  /** Models that are loaded at a time; those in use are never let go. */
  mostModels: number;
  maxRows: number;
  cacheBytes: number;
}

/** A model that answers, and how often its name has been moved. */
export interface LoadedModel {
  server: ModelServer;
  /** See `weightsVersion`. */
  version: number;
}

/** Loads and holds models. */
export class Inference {
  private readonly options: InferenceOptions;
  /** Least recently used first. */
  private readonly loaded = new Map<string, Promise<ModelServer>>();

  constructor(options: InferenceOptions) {
    this.options = options;
    options.models.onRemoved.push((id) => this.release(id));
  }

  /**
   * The server of a model, or of what an alias stands for now: who has it ends with these weights, wherever the alias is moved
   * meanwhile. Throws a 404 where there is no such model.
   */
  async model(name: string): Promise<LoadedModel> {
    const named = await this.options.models.named(name);
    const { id, folder } = named.model;
    const known = this.loaded.get(id);
    const loading = known ?? this.load(id, folder);
    this.loaded.delete(id);
    this.loaded.set(id, loading);
    if (known === undefined) await this.makeRoom();
    return { server: await loading, version: weightsVersion(named) };
  }

  /** Lets all models go when their last requests are done. */
  close(): void {
    for (const id of [...this.loaded.keys()]) this.release(id, 0);
  }

  private load(id: string, folder: string): Promise<ModelServer> {
    const { metrics, maxRows, cacheBytes } = this.options;
    const loading = ModelServer.load({
      folder,
      maxRows,
      cacheBytes,
      onLoad: (active, waiting) => {
        metrics.activeRows.set({ model: id }, active);
        metrics.waitingRequests.set({ model: id }, waiting);
      },
      onEnd: () => {
        metrics.activeRows.remove({ model: id });
        metrics.waitingRequests.remove({ model: id });
      },
    });
    // A model that cannot be loaded is tried again the next time.
    loading.catch(() => this.loaded.delete(id));
    return loading;
  }

  private async makeRoom(): Promise<void> {
    for (const [id, loading] of [...this.loaded]) {
      if (this.loaded.size <= this.options.mostModels) return;
      const server = await loading.catch(() => undefined);
      if (server?.busy === false && this.loaded.size > this.options.mostModels) this.release(id);
    }
  }

  private release(id: string, grace?: number): void {
    const loading = this.loaded.get(id);
    this.loaded.delete(id);
    void loading?.then(
      (server) => server.close(grace),
      () => undefined,
    );
  }
}
