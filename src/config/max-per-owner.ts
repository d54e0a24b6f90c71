import { SessionConfigurationError } from '../errors/session.errors.js';
import type { MaxPerOwner, MaxPerOwnerOf } from '../tracker/owner-limit.js';
import { assertKnownOptions } from '../errors/known-options.js';
import { ownerOf } from './session-definition.js';
import type { SessionOverrides } from './session-options.js';

export function maxPerOwnerOf(options: SessionOverrides & { readonly name: string }): {
  maxPerOwner?: MaxPerOwner | MaxPerOwnerOf;
} {
  const { name, type, maxPerOwner, from } = options;
  if (maxPerOwner === undefined) return {};
  const place = `Session "${name}"`;
  if (ownerOf(type) === undefined) {
    throw new SessionConfigurationError(
      `${place}: maxPerOwner needs an owner. Mark a field of ${type.name} with @SessionOwner().`,
    );
  }
  if (typeof maxPerOwner === 'function') return { maxPerOwner: from ? withoutRefusal(maxPerOwner) : maxPerOwner };
  const limit = typeof maxPerOwner === 'object' && maxPerOwner !== null ? maxPerOwner : { limit: maxPerOwner };
  assertKnownOptions(`${place}, maxPerOwner`, limit, ['limit', 'beyond']);
  // Otherwise requests of users with too many old sessions fail.
  if (from && limit.beyond === 'refuse') {
    throw new SessionConfigurationError(
      `${place}: maxPerOwner with beyond: 'refuse' would refuse sessions that are moved by from. Use beyond: 'end-oldest'.`,
    );
  }
  return { maxPerOwner: limit };
}

function withoutRefusal(maxPerOwner: MaxPerOwnerOf): MaxPerOwnerOf {
  return (session) => {
    const limit = maxPerOwner(session);
    return typeof limit === 'object' && limit !== null ? { ...limit, beyond: 'end-oldest' } : limit;
  };
}
