export class KeyedMutex {
  readonly #lastTurns = new Map<string, Turn>();
  readonly #maxTurnInMilliseconds: number;

  /** @param maxTurnInMilliseconds then the next task starts, even if this one hangs. */
  constructor(maxTurnInMilliseconds: number) {
    this.#maxTurnInMilliseconds = maxTurnInMilliseconds;
  }

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const previous = this.#lastTurns.get(key);
    const turn = new Turn(this.#maxTurnInMilliseconds);
    this.#lastTurns.set(key, turn);
    try {
      await previous?.awaited();
      turn.begin();
      return await task();
    } finally {
      if (this.#lastTurns.get(key) === turn) this.#lastTurns.delete(key);
      turn.end();
    }
  }
}

class Turn {
  readonly #maxTurnInMilliseconds: number;
  readonly #ended: Promise<void>;
  #end!: () => void;
  #running = false;
  #awaited = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(maxTurnInMilliseconds: number) {
    this.#maxTurnInMilliseconds = maxTurnInMilliseconds;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  begin(): void {
    this.#running = true;
    this.#startTimerIfAwaited();
  }

  awaited(): Promise<void> {
    this.#awaited = true;
    this.#startTimerIfAwaited();
    return this.#ended;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#end();
  }

  #startTimerIfAwaited(): void {
    if (this.#running && this.#awaited) this.#timer = setTimeout(this.#end, this.#maxTurnInMilliseconds).unref();
  }
}
