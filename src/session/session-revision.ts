/** A change of the application's that may be applied several times, and whether it was this that failed. */
export class SessionRevision<S> {
  readonly #revise: (value: S) => void;
  readonly #check: (value: S) => void;
  #failure: { readonly error: unknown } | undefined;

  /** @param check refuses, by throwing, what `revise` made of a value. */
  constructor(revise: (value: S) => void, check: (value: S) => void) {
    this.#revise = revise;
    this.#check = check;
  }

  readonly apply = (value: S): void => {
    try {
      this.#revise(value);
      this.#check(value);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  };

  /** Whether `error` is what the change itself threw. */
  thrown(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error;
  }
}
