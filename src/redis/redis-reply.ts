/** `undefined` for nil. */
export function textOf(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined;
  return typeof reply === 'string' ? reply : String(reply); // a Buffer's text is UTF-8
}

export function textsOf(reply: unknown): string[] {
  // A new array: the client's may belong to another realm.
  return Array.isArray(reply) || reply instanceof Set ? Array.from(reply, String) : [];
}
