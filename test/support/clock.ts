/** A clock that only the test moves. */
export class TestClock {
  #now = Date.UTC(2026, 0, 1);
  readonly now = (): number => this.#now;

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}
