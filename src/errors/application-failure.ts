/**
 * Wraps an application error (`cause`), so that it is not treated as a storage failure. Internal: unwrapped before it
 * reaches the caller.
 */
export class ApplicationFailure extends Error {
  constructor(cause: unknown) {
    super('The application threw an error; see the cause.', { cause });
  }
}
