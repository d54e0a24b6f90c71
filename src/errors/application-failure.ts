/**
 * Carries what the application's own code threw, as its `cause`, past those who would take it for a failure of the
 * storage. Never leaves this library.
 */
export class ApplicationFailure extends Error {
  constructor(cause: unknown) {
    super('The application threw an error of its own, the cause of this one.', { cause });
  }
}
