import type { SessionClass } from '../tracker/session-class.js';
import { ownerText } from '../tracker/session-owner.js';
import { ownerOf } from './session-definition.js';

/**
 * Returns a function that reads the owner: the `@SessionOwner()` field as a string, or `undefined` if it is empty.
 * @throws {SessionError} from the function, for an invalid owner; see {@link ownerText}.
 */
export function readOwner(type: SessionClass): (value: object) => string | undefined {
  const property = ownerOf(type);
  if (property === undefined) return () => undefined;
  const place = `${type.name}.${property}`;
  return (value) => {
    const owner = (value as Readonly<Record<string, unknown>>)[property];
    // Fast path.
    return typeof owner === 'string' && owner !== '' && owner.length <= SHORT ? owner : ownerText(owner, place);
  };
}

/** Cannot exceed the UTF-8 limit. */
const SHORT = 128;
