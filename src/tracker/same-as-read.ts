import { isDeepStrictEqual } from 'node:util';
import type { SessionSerializer } from '../serializer/session-serializer.js';

/** Whether `value` holds what `text` reads to. */
export function isSameAsRead<S extends object>(serializer: SessionSerializer<S>, text: string, value: S): boolean {
  try {
    return isDeepStrictEqual(serializer.deserialize(text), value);
  } catch {
    return false;
  }
}
