import { SessionConfigurationError } from '../errors/session.errors.js';

/** What clients of databases call the end of their connections, in the order of preference. */
const ENDS = ['close', 'quit', 'end', 'destroy', 'disconnect'] as const;

/**
 * How to close the client of a storage that owns it (`ownClient: true`); `undefined` where the application closes it.
 * @param place the function that was called, for the message.
 * @throws {SessionConfigurationError} for a client that cannot be closed, such as a function.
 */
export function closerOf(
  place: string,
  client: unknown,
  ownClient: boolean | undefined,
): (() => Promise<void>) | undefined {
  if (ownClient !== undefined && typeof ownClient !== 'boolean') {
    throw new SessionConfigurationError(`${place}: ownClient is true or false.`);
  }
  if (!ownClient) return undefined;
  const methods = (typeof client === 'object' && client !== null ? client : {}) as Record<string, unknown>;
  const end = ENDS.find((name) => typeof methods[name] === 'function');
  if (end === undefined) {
    throw new SessionConfigurationError(
      `${place}: ownClient: true needs a client with close(), quit(), end(), destroy() or disconnect(). Pass the client ` +
        'itself, or close it in onApplicationShutdown.',
    );
  }
  let closing: Promise<void> | undefined;
  return () => (closing ??= Promise.resolve((methods as Record<string, () => unknown>)[end]!()).then(() => undefined));
}
