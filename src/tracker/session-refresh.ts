import { isDeepStrictEqual } from 'node:util';
import { isFieldwise, type SessionSerializer } from '../serializer/session-serializer.js';

type Fields = Record<string, unknown>;

/** Updates an instance in place. Fields that are not stored keep their values. @param held its own text. */
export function refreshSession<S extends object>(
  serializer: SessionSerializer<S>,
  value: S,
  held: string,
  text: string,
): void {
  if (held === text) return;
  const present = serializer.deserialize(text) as Fields;
  const target = value as Fields;
  const differs = differenceOf(serializer, held, text, present);
  for (const property of new Set([...Object.keys(target), ...Object.keys(present)])) {
    if (!differs(property)) continue;
    if (Object.hasOwn(present, property)) target[property] = present[property];
    else delete target[property];
  }
  if (isFieldwise(serializer)) serializer.carry?.(present as S, value);
}

function differenceOf<S extends object>(
  serializer: SessionSerializer<S>,
  held: string,
  text: string,
  present: Fields,
): (property: string) => boolean {
  if (!isFieldwise(serializer)) {
    const before = serializer.deserialize(held) as Fields;
    return (property) => !isDeepStrictEqual(before[property], present[property]);
  }
  const [before, after] = [serializer.split(held), serializer.split(text)];
  return (property) => {
    const field = serializer.nameOf(property);
    return before.get(field) !== after.get(field);
  };
}
