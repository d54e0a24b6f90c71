/** The message never contains the text. */
export class Unreadable extends Error {
  constructor(problem: string) {
    super(`The text is not a session: ${problem}.`);
    this.name = 'Unreadable';
  }
}
