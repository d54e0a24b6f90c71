/** A clock that moves only when the test moves it. */
export class TestClock {
  #now = Date.UTC(2026, 0, 1);
  readonly now = (): number => this.#now;

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}
