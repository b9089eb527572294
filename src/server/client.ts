/** What a program that talks to the server needs beyond OpenAI's client: a way to say what a conversation was worth. */

export interface BurnishClientOptions {
  /** As OpenAI's client has it, `/v1` included. */
  baseURL: string;
  apiKey: string;
}

/** Talks to the server's own endpoints. */
export class BurnishClient {
  private readonly options: BurnishClientOptions;

  constructor(options: BurnishClientOptions) {
    this.options = options;
  }

  /**
   * Gives a kept conversation a reward: all its turns up to and including a completion. Returns the ids of those, the newest
   * first. Throws an Error with the server's message where it refuses.
   */
  async reward(completionId: string, reward: number, feedback?: string): Promise<string[]> {
    const { baseURL, apiKey } = this.options;
    const response = await fetch(`${baseURL.replace(/\/+$/, '')}/burnish/rewards`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ completion_id: completionId, reward, feedback }),
    });
    const answer = (await response.json()) as { completions: string[]; error?: { message: string } };
    if (!response.ok)
      throw new Error(`the reward was not taken: ${answer.error?.message ?? response.status}`);
    return answer.completions;
  }
}
