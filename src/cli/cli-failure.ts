/** Ends the command with this message and exit code 1. */
export class CliFailure extends Error {}
