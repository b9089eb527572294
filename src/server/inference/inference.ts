/** The models that answer: loaded when first asked for, the least recently used let go when there are too many. */
import type { ServerMetrics } from '../metrics.ts';
import type { Models } from '../models/models.ts';
import { ModelServer } from './model-server.ts';

export interface InferenceOptions {
  models: Models;
  metrics: ServerMetrics;
  /** Models that are loaded at a time; those in use are never let go. */
  mostModels: number;
  maxRows: number;
  cacheBytes: number;
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

  /** The server of a model. Throws a 404 where there is no such model. */
  async model(id: string): Promise<ModelServer> {
    const { folder } = await this.options.models.get(id);
    const known = this.loaded.get(id);
    const loading = known ?? this.load(id, folder);
    this.loaded.delete(id);
    this.loaded.set(id, loading);
    if (known === undefined) await this.makeRoom();
    return await loading;
  }

  /** Lets all models go when their last requests are done. */
  close(): void {
    for (const id of [...this.loaded.keys()]) this.release(id);
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

  private release(id: string): void {
    const loading = this.loaded.get(id);
    this.loaded.delete(id);
    void loading?.then(
      (server) => server.close(),
      () => undefined,
    );
    this.options.metrics.activeRows.remove({ model: id });
    this.options.metrics.waitingRequests.remove({ model: id });
  }
}
