import { SessionConfigurationError } from '../errors/session.errors.js';
import { MigrationFailure } from '../serializer/session-evolution.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { InvalidSession } from '../serializer/session-validation.js';
import type { LoadResult } from './session-tracker.js';

/** @throws {SessionConfigurationError} if it is the error. */
export function unreadable<S extends object>(
  serializer: SessionSerializer<S>,
  text: string,
  error: unknown,
  id?: string,
): LoadResult<S> & { readonly status: 'rejected' } {
  if (error instanceof SessionConfigurationError) throw error;
  const isFailure = error instanceof MigrationFailure;
  const path = error instanceof InvalidSession ? error.path : undefined;
  return {
    status: 'rejected',
    reason: isFailure || error instanceof InvalidSession ? 'invalid' : 'undecodable',
    ...(path === undefined ? {} : { path }),
    // A server with a newer class, or a working step, can read it.
    ...(isFailure || serializer.isNewer?.(text) ? { kept: true, ...(id === undefined ? {} : { id }) } : {}),
  };
}
