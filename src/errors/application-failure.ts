/** Prevents treating it as a storage failure. Unwrapped before it reaches the caller. */
export class ApplicationFailure extends Error {
  constructor(cause: unknown) {
    super('The application threw an error; see the cause.', { cause });
  }
}
