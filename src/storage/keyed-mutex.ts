export class KeyedMutex {
  readonly #last = new Map<string, Turn>();
  readonly #patience: number;

  /** @param patienceInMilliseconds then the next task starts, even if the current one hangs. */
  constructor(patienceInMilliseconds: number) {
    this.#patience = patienceInMilliseconds;
  }

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = new Turn(this.#patience);
    this.#last.set(key, turn);
    try {
      await before?.awaited();
      turn.begin();
      return await task();
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
      turn.end();
    }
  }
}

class Turn {
  readonly #patience: number;
  readonly #over: Promise<void>;
  #end!: () => void;
  #running = false;
  #awaited = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(patience: number) {
    this.#patience = patience;
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  begin(): void {
    this.#running = true;
    this.#watch();
  }

  awaited(): Promise<void> {
    this.#awaited = true;
    this.#watch();
    return this.#over;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#end();
  }

  #watch(): void {
    if (this.#running && this.#awaited) this.#timer = setTimeout(this.#end, this.#patience).unref();
  }
}
