import { isFieldwise, type SessionSerializer } from '../serializer/session-serializer.js';

const MOST_FIELDS = 5;

/** Serialized sizes in bytes of the largest top-level fields of `value`, largest first; names, never contents. */
export function fieldSizes<S extends object>(
  serializer: SessionSerializer<S>,
  value: S,
): ReadonlyArray<{ readonly name: string; readonly size: number }> {
  if (!isFieldwise(serializer)) return [];
  return [...serializer.split(serializer.serialize(value))]
    .map(([name, text]) => ({ name, size: Buffer.byteLength(text) }))
    .sort((left, right) => right.size - left.size)
    .slice(0, MOST_FIELDS);
}
