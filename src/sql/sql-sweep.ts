const GRACE_IN_MILLISECONDS = 60_000;
const ROWS_PER_STATEMENT = 500;

export class SqlSweep {
  readonly #removeBatch: (until: number, limit: number) => Promise<number>;
  readonly #period: number;
  readonly #now: () => number;
  readonly #expiryClock: () => number | Promise<number>;
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
    this.#period = every;
    this.#now = now;
    this.#expiryClock = time;
    // Random, so that processes started together sweep at different times.
    this.#dueAt = now() + Math.random() * every;
  }

  /** Keeps expired sessions for a minute: another process's clock may be slow. */
  async run(limit: number): Promise<number> {
    const time = this.#expiryClock();
    const until = (typeof time === 'number' ? time : await time) - GRACE_IN_MILLISECONDS;
    for (let removed = 0; ;) {
      const wanted = Math.min(ROWS_PER_STATEMENT, limit - removed);
      if (wanted <= 0) return removed;
      const batch = await this.#removeBatch(until, wanted);
      removed += batch;
      if (batch < wanted) return removed;
    }
  }

  /** Ignores errors: a failing database also fails other calls. */
  runIfDue(): void {
    if (this.#period === 0 || this.#now() < this.#dueAt) return;
    this.#dueAt = this.#now() + this.#period;
    this.#running = this.run(Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  async idle(): Promise<void> {
    await this.#running;
  }
}
