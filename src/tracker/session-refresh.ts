import { isDeepStrictEqual } from 'node:util';
import { isFieldwise, type SessionSerializer } from '../serializer/session-serializer.js';

type Fields = Record<string, unknown>;

/** Updates an instance in place. Fields that are not stored keep their values. @param oldText the text of `value`. */
export function refreshSession<S extends object>(
  serializer: SessionSerializer<S>,
  value: S,
  oldText: string,
  newText: string,
): void {
  if (oldText === newText) return;
  const present = serializer.deserialize(newText) as Fields;
  const target = value as Fields;
  const differs = differenceOf(serializer, oldText, newText, present);
  for (const property of new Set([...Object.keys(target), ...Object.keys(present)])) {
    if (!differs(property)) continue;
    if (Object.hasOwn(present, property)) target[property] = present[property];
    else delete target[property];
  }
  if (isFieldwise(serializer)) serializer.carry?.(present as S, value);
}

function differenceOf<S extends object>(
  serializer: SessionSerializer<S>,
  oldText: string,
  newText: string,
  present: Fields,
): (property: string) => boolean {
  if (!isFieldwise(serializer)) {
    const before = serializer.deserialize(oldText) as Fields;
    return (property) => !isDeepStrictEqual(before[property], present[property]);
  }
  const [before, after] = [serializer.split(oldText), serializer.split(newText)];
  return (property) => {
    const field = serializer.nameOf(property);
    return before.get(field) !== after.get(field);
  };
}
