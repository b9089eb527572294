/** What becomes decided of a request's choices, handed over at a pace: what comes faster is joined. */
import type { RowPiece } from '../inference/inference-row.ts';

/** A piece of one of the choices. */
export interface ChoicePiece extends RowPiece {
  index: number;
}

/** Least time between two hand-overs, in milliseconds: all that it costs to pass on a token is then paid for several. */
const PACE = 40;

/** Pieces that wait to be taken, one a choice at most. */
export class JoinedPieces {
  private waiting = new Map<number, ChoicePiece>();
  private open: number;
  /** Time of the last hand-over. */
  private last = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  /** The next wait ends at once. */
  private isDue = false;
  private wake: () => void = () => undefined;

  /** For so many choices. */
  constructor(choices: number) {
    this.open = choices;
  }

  /** True when the end of every choice has been added. */
  get complete(): boolean {
    return this.open === 0;
  }

  /** True when, besides, all has been taken. */
  get done(): boolean {
    return this.complete && this.waiting.size === 0;
  }

  /** Adds what a choice has got; after a piece with a finish reason, nothing more. */
  add(index: number, piece: RowPiece): void {
    const before = this.waiting.get(index);
    if (before === undefined) this.waiting.set(index, { ...piece, index });
    else {
      before.text += piece.text;
      before.tokens.push(...piece.tokens);
      before.finishReason = piece.finishReason;
    }
    if (piece.finishReason !== null) this.open--;
    const wait = this.complete ? 0 : this.last + PACE - performance.now();
    if (wait <= 0) this.interrupt();
    else this.timer ??= setTimeout(() => this.interrupt(), wait);
  }

  /** Ends the wait that is under way, or else the next one. */
  interrupt(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isDue = true;
    this.wake();
  }

  /** Waits until there is something to take and it is time to, or until it is interrupted. */
  async due(): Promise<void> {
    if (this.isDue) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  /** Everything that waits. */
  take(): Iterable<ChoicePiece> {
    const { waiting } = this;
    this.waiting = new Map();
    this.last = performance.now();
    this.isDue = false;
    return waiting.values();
  }
}
