import { SessionUnserializableError } from '../../errors/session.errors.js';

/** The message never contains the value. */
export class Unwritable extends Error {
  readonly #problem: string;
  readonly #advice: string;
  #path = '';

  constructor(problem: string, advice = 'Store another value, or mark the field with @Transient().') {
    super(problem);
    this.name = 'Unwritable';
    this.#problem = problem;
    this.#advice = advice;
  }

  within(segment: string): this {
    this.#path = segment + this.#path;
    return this;
  }

  toError(type: string): SessionUnserializableError {
    return new SessionUnserializableError(type + this.#path, this.#problem, { advice: this.#advice });
  }
}

export function writing<T>(segment: string | (() => string), write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof Unwritable) throw error.within(typeof segment === 'string' ? segment : segment());
    throw error;
  }
}
