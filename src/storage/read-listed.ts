/** Enough for a session that rotates several times; logins at a high rate must not repeat the list without end. */
const MAX_LISTS = 8;

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
  for (let lists = 0; lists < MAX_LISTS; lists++) {
    const added = (await list()).filter((id) => !found.has(id));
    if (added.length === 0) break;
    const sessions = await read(added);
    for (const [index, id] of added.entries()) found.set(id, sessions[index]);
  }
  return found;
}
