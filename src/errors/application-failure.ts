/**
 * Wraps an error of the application (`cause`), so that it is not mistaken for a storage failure. Internal: it is
 * unwrapped before it leaves this library.
 */
export class ApplicationFailure extends Error {
  constructor(cause: unknown) {
    super('The application threw an error of its own, the cause of this one.', { cause });
  }
}
