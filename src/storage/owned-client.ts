import { SessionConfigurationError } from '../errors/session.errors.js';

const ENDS = ['close', 'quit', 'end', 'destroy', 'disconnect'] as const;

/**
 * `undefined` without `ownClient: true`.
 * @throws {SessionConfigurationError} for a client without a closing method.
 */
export function closerOf(
  place: string,
  client: unknown,
  ownClient: boolean | undefined,
): (() => Promise<void>) | undefined {
  if (ownClient !== undefined && typeof ownClient !== 'boolean') {
    throw new SessionConfigurationError(`${place}: ownClient must be true or false.`);
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

/**
 * For a message. No values: a string may be a URL with a password.
 * @param methods such as `prepare and exec`.
 */
export function describeClient(found: unknown, methods: string): string {
  if (typeof found !== 'object' || found === null) return found === null ? 'null' : typeof found;
  const name: unknown = found.constructor?.name;
  const kind = typeof name === 'string' && name !== 'Object' && name !== '' ? `an instance of ${name}` : 'an object';
  return `${kind} without ${methods}`;
}
