/** Measures how long it takes from the end of a fault to the first success at each process that it concerned. */
export class Recovery {
  #waiting = new Map();
  /** Milliseconds, the longest of all. */
  longest = undefined;

  ended(processes, at = performance.now()) {
    for (const process of processes) this.#waiting.set(process, at);
  }

  succeeded(process, startedAt) {
    const endedAt = this.#waiting.get(process);
    if (endedAt === undefined || startedAt < endedAt) return;
    this.#waiting.delete(process);
    this.longest = Math.max(this.longest ?? 0, Math.round(performance.now() - endedAt));
  }

  /** Processes that had no success yet. */
  get open() {
    return this.#waiting.size;
  }
}
