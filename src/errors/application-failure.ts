/** An error of the application, not of the storage. Callers get its cause. */
export class ApplicationFailure extends Error {
  constructor(cause: unknown) {
    super('The application threw an error; see the cause.', { cause });
  }
}
