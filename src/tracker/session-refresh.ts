import { isFieldwise, type SessionSerializer } from '../serializer/session-serializer.js';

/**
 * Brings the instance that the application holds up to a newer text, in place: only what differs between `held` (its
 * own text) and `text` is assigned, so that fields which are never stored keep their values.
 */
export function refreshSession<S extends object>(
  serializer: SessionSerializer<S>,
  value: S,
  held: string,
  text: string,
): void {
  if (held === text) return;
  const present = serializer.deserialize(text) as Record<string, unknown>;
  const target = value as Record<string, unknown>;
  if (!isFieldwise(serializer)) {
    Object.assign(target, present);
    return;
  }
  const [before, after] = [serializer.split(held), serializer.split(text)];
  for (const property of new Set([...Object.keys(target), ...Object.keys(present)])) {
    const field = serializer.nameOf(property);
    if (before.get(field) === after.get(field)) continue;
    if (Object.hasOwn(present, property)) target[property] = present[property];
    else delete target[property];
  }
}
