/** Starts a peer, or says why it cannot take part: a benchmark goes on without it. */
import type { MissingSide, Side } from '../turns.ts';
import { PeerProcess } from './process.ts';

export type StartedPeer = PeerProcess | MissingSide;

/** `name` is what the row calls a peer that did not start. */
export async function tryPeer(name: string, start: () => Promise<PeerProcess>): Promise<StartedPeer> {
  try {
    return await start();
  } catch (error) {
    return { name, missing: `did not run: ${(error as Error).message.split('\n')[0]}` };
  }
}

/** A started peer as one side of a comparison; `run` does one repetition and returns the row's figure. */
export function asSide(
  peer: StartedPeer,
  run: (peer: PeerProcess) => Promise<number>,
  detail = '',
): Side | MissingSide {
  if (!(peer instanceof PeerProcess)) return peer;
  return { name: `${peer.description}${detail}`, run: () => run(peer) };
}

/** Ends the peers that are running. */
export async function stopPeers(peers: readonly (StartedPeer | undefined)[]): Promise<void> {
  for (const peer of peers) if (peer instanceof PeerProcess) await peer.stop();
}
