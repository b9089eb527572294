/** Names that stand for a model, and can be moved to another one while they are answered for. */
import type { Records } from '../database/records.ts';

export interface Alias {
  id: string;
  /** The id of the model that it stands for. */
  model: string;
  /** 1 at first, and one more for every move. */
  version: number;
  /** When it was last moved; seconds since 1970. */
  moved_at: number;
}

/** Keeps aliases. */
export class Aliases {
  private readonly records: Records<Alias>;

  constructor(records: Records<Alias>) {
    this.records = records;
  }

  async get(id: string): Promise<Alias | undefined> {
    return await this.records.get(id);
  }

  async list(): Promise<Alias[]> {
    return await this.records.everything();
  }

  /** The aliases that stand for a model. */
  async of(model: string): Promise<Alias[]> {
    return (await this.list()).filter((alias) => alias.model === model);
  }

  /** Lets a name stand for a model from now on; one that does already stays as it is. */
  async move(id: string, model: string, now: number): Promise<Alias> {
    const fresh: Alias = { id, model, version: 1, moved_at: now };
    await this.records.add({ id, body: fresh });
    const alias = await this.records.update(id, (one) =>
      one.model === model ? undefined : { ...one, model, version: one.version + 1, moved_at: now },
    );
    return alias ?? fresh;
  }

  async remove(id: string): Promise<boolean> {
    return await this.records.remove(id);
  }
}
