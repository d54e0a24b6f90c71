import { SessionUnserializableError } from '../../errors/session.errors.js';

/** A value that a format cannot hold. Collects the way to it while it rises; the message never holds the value. */
export class Unwritable extends Error {
  readonly #problem: string;
  readonly #advice: string;
  #path = '';

  constructor(problem: string, advice = 'Store something else there, or mark the field with @Transient().') {
    super(problem);
    this.name = 'Unwritable';
    this.#problem = problem;
    this.#advice = advice;
  }

  /** Puts `.property`, `[2]` or the like in front of the way to the value. */
  within(segment: string): this {
    this.#path = segment + this.#path;
    return this;
  }

  toError(type: string): SessionUnserializableError {
    return new SessionUnserializableError(type + this.#path, this.#problem, { advice: this.#advice });
  }
}

/** Runs `write`; an {@link Unwritable} that leaves it knows `segment` as part of its way. */
export function writing<T>(segment: string | (() => string), write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof Unwritable) throw error.within(typeof segment === 'string' ? segment : segment());
    throw error;
  }
}
