/** A repeatable change. Remembers its own error. */
export class SessionRevision<S> {
  readonly #revise: (value: S) => void;
  readonly #check: (value: S) => void;
  #failure: { readonly error: unknown } | undefined;

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

  thrown(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error;
  }
}
