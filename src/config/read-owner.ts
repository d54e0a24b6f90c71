import type { SessionClass } from '../tracker/session-class.js';
import { ownerText } from '../tracker/session-owner.js';
import { ownerOf } from './session-definition.js';

/**
 * Reads whose session a value is: the text of the `@SessionOwner()` field. Nobody's where that is empty.
 * @throws {SessionError} from the function, for what is no owner; see {@link ownerText}.
 */
export function readOwner(type: SessionClass): (value: object) => string | undefined {
  const property = ownerOf(type);
  if (property === undefined) return () => undefined;
  const place = `${type.name}.${property}`;
  return (value) => {
    const owner = (value as Readonly<Record<string, unknown>>)[property];
    // The usual case, at once: every request comes through here.
    return typeof owner === 'string' && owner !== '' && owner.length <= SHORT ? owner : ownerText(owner, place);
  };
}

/** So short that its UTF-8 cannot be too long. */
const SHORT = 128;
