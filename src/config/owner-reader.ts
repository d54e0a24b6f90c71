import type { SessionClass } from '../tracker/session-class.js';
import { ownerText } from '../tracker/session-owner.js';
import { ownerOf } from './session-definition.js';

/**
 * Returns a function that reads the owner as a string; `undefined` if empty.
 * @throws {SessionError} from the function; see {@link ownerText}.
 */
export function ownerReader(type: SessionClass): (value: object) => string | undefined {
  const property = ownerOf(type);
  if (property === undefined) return () => undefined;
  const place = `${type.name}.${property}`;
  return (value) => {
    const owner = (value as Readonly<Record<string, unknown>>)[property];
    return typeof owner === 'string' && owner !== '' && owner.length <= MAX_UNCHECKED_LENGTH
      ? owner
      : ownerText(owner, place);
  };
}

/** Always within the UTF-8 limit. */
const MAX_UNCHECKED_LENGTH = 128;
