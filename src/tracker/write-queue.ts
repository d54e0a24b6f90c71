/** Runs tasks of one key together. Never rejects. @returns the state for the next turn. */
type TakeTurn<T, K> = (batch: readonly T[], known: K | undefined) => Promise<K | undefined>;

/** Queues the writers of one session in this process. Tasks that arrive during a turn share the next one. */
export class WriteQueue<T, K> {
  readonly #waiting = new Map<string, T[]>();
  readonly #takeTurn: TakeTurn<T, K>;
  readonly #isAlone: (task: T) => boolean;

  constructor(takeTurn: TakeTurn<T, K>, isAlone: (task: T) => boolean) {
    this.#takeTurn = takeTurn;
    this.#isAlone = isAlone;
  }

  add(key: string, task: T): void {
    const waiting = this.#waiting.get(key);
    if (waiting) {
      waiting.push(task);
      return;
    }
    const arriving: T[] = [];
    this.#waiting.set(key, arriving);
    void this.#takeTurn([task], undefined).then((known) => this.#next(key, arriving, known));
  }

  #next(key: string, waiting: T[], known: K | undefined): void {
    if (waiting.length === 0) {
      this.#waiting.delete(key);
      return;
    }
    void this.#takeTurn(this.#batchOf(waiting), known).then((next) => this.#next(key, waiting, next));
  }

  #batchOf(waiting: T[]): readonly T[] {
    const alone = waiting.findIndex((task) => this.#isAlone(task));
    return waiting.splice(0, alone === -1 ? waiting.length : Math.max(1, alone));
  }
}
