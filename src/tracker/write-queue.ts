/** Does what is waiting for one key, all at once. Never rejects. @returns what the next turn of this key may know. */
export type TakeTurn<T, K> = (batch: readonly T[], known: K | undefined) => Promise<K | undefined>;

/**
 * Lets the writers of one session in this process take turns. Those that arrive during a turn share the next one, except
 * for those that want to be alone. Sessions without writers take no memory.
 */
export class WriteQueue<T, K> {
  readonly #waiting = new Map<string, T[]>();
  readonly #takeTurn: TakeTurn<T, K>;
  readonly #isAlone: (task: T) => boolean;

  /** @param isAlone whether a task gets a turn of its own. */
  constructor(takeTurn: TakeTurn<T, K>, isAlone: (task: T) => boolean) {
    this.#takeTurn = takeTurn;
    this.#isAlone = isAlone;
  }

  /** Hands `task` to a turn of `key`, at once where there is none under way. */
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

  /** The tasks at the front that can share a turn. */
  #batchOf(waiting: T[]): readonly T[] {
    const alone = waiting.findIndex((task) => this.#isAlone(task));
    return waiting.splice(0, alone === -1 ? waiting.length : Math.max(1, alone));
  }
}
