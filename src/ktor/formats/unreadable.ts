/** A text that is none of ours. The caller takes it for "no session"; the message never holds the text. */
export class Unreadable extends Error {
  constructor(problem: string) {
    super(`This text is no session: ${problem}.`);
    this.name = 'Unreadable';
  }
}
