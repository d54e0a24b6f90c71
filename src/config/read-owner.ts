import type { SessionClass } from '../tracker/session-class.js';
import { ownerOf } from './session-definition.js';

/** Reads whose session a value is: the text of the `@SessionOwner()` field. Nobody's where that is empty. */
export function readOwner(type: SessionClass): (value: object) => string | undefined {
  const property = ownerOf(type);
  if (property === undefined) return () => undefined;
  return (value) => {
    const owner = (value as Record<string, string | number | bigint | null | undefined>)[property];
    return owner === undefined || owner === null || owner === '' ? undefined : String(owner);
  };
}
