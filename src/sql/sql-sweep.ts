const GRACE_IN_MILLISECONDS = 60_000;
const BATCH = 500;

export class SqlSweep {
  readonly #removeBatch: (until: number, limit: number) => Promise<number>;
  readonly #every: number;
  readonly #now: () => number;
  readonly #time: () => number | Promise<number>;
  #dueAt: number;
  #running: Promise<unknown> = Promise.resolve();

  /**
   * @param every milliseconds between background sweeps; 0: never.
   * @param time the clock that sessions expire by. Default `now`.
   */
  constructor(
    removeBatch: (until: number, limit: number) => Promise<number>,
    every: number,
    now: () => number,
    time: () => number | Promise<number> = now,
  ) {
    this.#removeBatch = removeBatch;
    this.#every = every;
    this.#now = now;
    this.#time = time;
    // Random, so that processes started together sweep at different times.
    this.#dueAt = now() + Math.random() * every;
  }

  /** Keeps expired sessions for a minute: another process's clock may be slow. */
  async run(limit: number): Promise<number> {
    const time = this.#time();
    const until = (typeof time === 'number' ? time : await time) - GRACE_IN_MILLISECONDS;
    for (let removed = 0; ;) {
      const wanted = Math.min(BATCH, limit - removed);
      if (wanted <= 0) return removed;
      const batch = await this.#removeBatch(until, wanted);
      removed += batch;
      if (batch < wanted) return removed;
    }
  }

  /** Ignores errors: a failing database also fails other calls. */
  runIfDue(): void {
    if (this.#every === 0 || this.#now() < this.#dueAt) return;
    this.#dueAt = this.#now() + this.#every;
    this.#running = this.run(Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  async idle(): Promise<void> {
    await this.#running;
  }
}
