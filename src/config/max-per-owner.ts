import { SessionConfigurationError } from '../errors/session.errors.js';
import type { MaxPerOwner, MaxPerOwnerOf } from '../tracker/owner-limit.js';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { ownerOf } from './session-definition.js';
import type { SessionOverrides } from './session-options.js';

/** What a session says of the number of its owner's sessions, in its long form. */
export function maxPerOwnerOf(options: SessionOverrides & { readonly name: string }): {
  maxPerOwner?: MaxPerOwner | MaxPerOwnerOf;
} {
  const { name, type, maxPerOwner, from } = options;
  if (maxPerOwner === undefined) return {};
  const place = `Session "${name}"`;
  if (ownerOf(type) === undefined) {
    throw new SessionConfigurationError(
      `${place}: maxPerOwner needs to know whose session it is. Mark a field of ${type.name} with @SessionOwner().`,
    );
  }
  if (typeof maxPerOwner === 'function') return { maxPerOwner: from ? withoutRefusal(maxPerOwner) : maxPerOwner };
  const limit = typeof maxPerOwner === 'object' && maxPerOwner !== null ? maxPerOwner : { limit: maxPerOwner };
  refuseUnknownOptions(`${place}, maxPerOwner`, limit, ['limit', 'beyond']);
  // A user with too many sessions in the old place could make no request any more.
  if (from && limit.beyond === 'refuse') {
    throw new SessionConfigurationError(
      `${place}: maxPerOwner with beyond: 'refuse' would refuse sessions that are moved by from. Use beyond: 'end-oldest'.`,
    );
  }
  return { maxPerOwner: limit };
}

// What a function says is not known at start.
function withoutRefusal(maxPerOwner: MaxPerOwnerOf): MaxPerOwnerOf {
  return (session) => {
    const said = maxPerOwner(session);
    return typeof said === 'object' && said !== null ? { ...said, beyond: 'end-oldest' } : said;
  };
}
