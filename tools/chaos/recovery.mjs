/** Measures the time from the end of a fault to the first success at each affected process. */
export class Recovery {
  #waiting = new Map();
  /** The longest time, in milliseconds. */
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

  /** Processes without a success since the fault. */
  get open() {
    return this.#waiting.size;
  }
}
