/** A model to decode with and nothing else: what a server holds for each model that it answers with. */
import { loadWeights, type ModelConfig } from '../../nn/index.ts';
import { checkDevice, type Device, defaultDevice, idleThreadsSpin } from '../../tensor/index.ts';
import { loadTokenizer, type Tokenizer } from '../../text/index.ts';
import { DecodingSession, type SessionLimits } from './decoding-session.ts';
import { Embedder } from './embedder.ts';
import { shareAny } from './lanes.ts';
import { ModelPrograms } from './programs.ts';

export interface DecoderOptions {
  /** A Hugging Face folder. */
  folder: string;
  device?: Device;
  limits?: Partial<SessionLimits>;
  /** Bytes of keys and values that are kept of earlier texts, see `SessionOptions`; 128 MiB unless given. */
  prefixBytes?: number;
}

export interface Decoder {
  /** Open, with as many slots as the limits allow for rows of the model's whole context. */
  session: DecodingSession;
  /** Makes vectors with the same weights; may run while the session does. */
  embedder: Embedder;
  tokenizer: Tokenizer;
  config: ModelConfig;
  slots: number;
  dispose(): void;
}

const DEFAULT_LIMITS: SessionLimits = { maxRows: 64, cacheBytes: 2 ** 30, prefillTokens: 2048 };

/** Loads a model. Throws an Error naming the folder and what is wrong with it. */
export async function createDecoder({
  folder,
  device = defaultDevice(),
  limits,
  prefixBytes = 2 ** 27,
}: DecoderOptions): Promise<Decoder> {
  checkDevice(device);
  const weights = await loadWeights(folder, {});
  const tokenizer = await loadTokenizer(folder);
  const { arena, config } = weights;
  const programs = new ModelPrograms({
    config,
    parameters: Object.fromEntries(arena.slots.map(({ name, shape }) => [name, shape])),
    trainable: [],
    device,
  });
  const session = new DecodingSession(
    weights,
    programs,
    { ...DEFAULT_LIMITS, ...limits },
    {
      pack: true,
      prefixBytes,
      shortReads: true,
      share: idleThreadsSpin() ? undefined : shareAny(4 * arena.parameterCount),
    },
  );
  const slots = session.affordableRows(config.maxPositions);
  session.open(slots, config.maxPositions);
  const embedder = new Embedder(weights, device);
  return {
    session,
    embedder,
    tokenizer,
    config,
    slots,
    dispose() {
      session.dispose();
      embedder.dispose();
      programs.dispose();
    },
  };
}
