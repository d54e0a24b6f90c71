import { SessionUnserializableError } from '../../errors/session.errors.js';

/** The message never contains the text. */
export class Unreadable extends Error {
  constructor(problem: string) {
    super(`The text is not a session: ${problem}.`);
    this.name = 'Unreadable';
  }
}

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

export function writeElements(values: Iterable<unknown>, write: (value: unknown) => string): string[] {
  // Array.from visits holes, map does not.
  return Array.from(values, (value, index) =>
    writing(
      () => `[${index}]`,
      () => write(value),
    ),
  );
}

export function writeEntries(
  entries: ReadonlyMap<unknown, unknown>,
  write: (key: unknown, value: unknown) => string,
): string[] {
  return Array.from(entries, ([key, value], index) =>
    writing(
      () => `{entry ${index + 1}}`,
      () => write(key, value),
    ),
  );
}

/** @throws {SessionUnserializableError} instead of {@link Unwritable}. */
export function writeSession(type: { readonly name: string }, write: () => string): string {
  try {
    return write();
  } catch (error) {
    throw error instanceof Unwritable ? error.toError(type.name) : error;
  }
}
