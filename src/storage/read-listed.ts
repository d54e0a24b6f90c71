/**
 * Reads the sessions of an owner if the list of ids and the sessions are stored apart.
 *
 * Repeats the list until it has no new id: a rotation between list and read adds the new id before it ends the old one.
 * @returns by id; `undefined` without a session.
 */
export async function readListed<T>(
  list: () => Promise<readonly string[]>,
  read: (ids: readonly string[]) => Promise<ReadonlyArray<T | undefined>>,
): Promise<ReadonlyMap<string, T | undefined>> {
  const found = new Map<string, T | undefined>();
  for (;;) {
    const added = (await list()).filter((id) => !found.has(id));
    if (added.length === 0) return found;
    const sessions = await read(added);
    for (const [index, id] of added.entries()) found.set(id, sessions[index]);
  }
}
