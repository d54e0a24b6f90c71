export class CliFailure extends Error {}
