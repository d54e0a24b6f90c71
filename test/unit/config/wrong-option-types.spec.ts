import { tmpdir } from 'node:os';
import { assertSessionsOptions } from '../../../src/config/session-option-rules.js';
import { SessionProviderBuilder } from '../../../src/config/session-provider.builder.js';
import { Session } from '../../../src/config/session.decorator.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { SESSIONS_MODULE_OPTION_RULES } from '../../../src/module/sessions.module-definition.js';
import { postgresSessionStorage } from '../../../src/postgres/session-storage-postgres.js';
import { cachedSessionStorage } from '../../../src/storage/cache-storage.js';
import { directorySessionStorage } from '../../../src/directory/session-storage-directory.js';
import { encryptedSessionStorage } from '../../../src/storage/session-storage-encrypted.js';
import { SessionStorageGuarded } from '../../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { migratingSessionStorage } from '../../../src/storage/session-storage-migrating.js';
import { SessionStorageResilient } from '../../../src/storage/session-storage-resilient.js';

const KEY = 'xM4sQw9LkB2vT7yRzN0cJfGhDpKaUe3i5oVbYt8lCmE';

@Session('user')
class User {}

describe('an option of the wrong type is refused at start', () => {
  it.each<[string, object]>([
    ['idleTimeoutInSeconds', { idleTimeoutInSeconds: '600' }],
    ['absoluteTimeoutInSeconds', { absoluteTimeoutInSeconds: Number.NaN }],
    ['renewAfterInSeconds', { renewAfterInSeconds: '5' }],
    ['sendOnlyIfModified', { sendOnlyIfModified: 'no' }],
    ['saveOnServerError', { saveOnServerError: 1 }],
    ['exposed', { transport: 'header', exposed: 'yes' }],
    ['cookie', { cookie: 'strict' }],
    ['cookie', { cookie: 5 }],
    ['serializer', { serializer: {} }],
    ['serializer', { serializer: 'json' }],
    ['transformers', { transformers: 'none' }],
    ['transformers', { transformers: [{}] }],
    ['transformers', { transformers: [undefined] }],
    ['identity', { tracker: 'by-id', identity: 'uuid' }],
    ['storage', { storage: 5 }],
    ['storage', { storage: {} }],
    ['storage', { storage: true }],
    ['name', { name: 5 }],
    ['keys', { keys: 5 }],
    ['keys', { keys: {} }],
    ['onClash', { tracker: 'by-id', onClash: true }],
  ])('of a session: %s as %j', (option, overrides) => {
    const build = () => new SessionProviderBuilder({ keys: KEY }).build({ type: User, ...overrides });
    expect(build).toThrow(SessionConfigurationError);
    expect(build).toThrow(new RegExp(option, 'i'));
  });

  it.each<[string, object]>([
    ['keys', { keys: 5 }],
    ['keys', { keys: { secret: KEY } }],
    ['storage', { storage: 5 }],
    ['storage', { storage: {} }],
    ['cookie', { cookie: 'strict' }],
    ['serializer', { serializer: {} }],
    ['storageTimeoutInMilliseconds', { storageTimeoutInMilliseconds: '5' }],
    ['saveOnServerError', { saveOnServerError: 'yes' }],
    ['onUnavailable', { onUnavailable: 'ignore' }],
    ['onGone', { onGone: 'anonymous' }],
    ['lifetimes', { lifetimes: 'owasp' }],
    ['commit', { commit: 'guard' }],
    ['eventFields', { eventFields: 'owner' }],
    ['owner', { eventFields: { owner: 'yes' } }],
    ['now', { now: 5 }],
    ['onEvent', { onEvent: 'log' }],
    ['sessions', { sessions: User }],
    ['install', { install: {} }],
    ['asyncLocalStorage', { asyncLocalStorage: 'false' }],
    ['idleTimeoutInSeconds', { idleTimeoutInSeconds: true }],
  ])('of the module: %s as %j', (option, options) => {
    const build = () => {
      assertSessionsOptions('SessionsModule', { keys: KEY, ...options }, SESSIONS_MODULE_OPTION_RULES);
      const builder = new SessionProviderBuilder({ keys: KEY, ...options });
      builder.build({ type: User });
      builder.build({ type: User, tracker: 'by-id' });
    };
    expect(build).toThrow(SessionConfigurationError);
    expect(build).toThrow(new RegExp(option, 'i'));
  });

  it.each<[string, () => unknown]>([
    ['directory', () => directorySessionStorage({ directory: 5 } as never)],
    ['directory', () => directorySessionStorage(undefined as never)],
    ['timeout of a cache', () => cachedSessionStorage(new SessionStorageMemory(), { ttlInMilliseconds: '5' } as never)],
    ['max', () => cachedSessionStorage(new SessionStorageMemory(), { max: '5' } as never)],
    ['storage', () => cachedSessionStorage(undefined as never)],
    ['storage', () => encryptedSessionStorage(undefined as never, { keys: KEY })],
    ['keys', () => encryptedSessionStorage(new SessionStorageMemory(), undefined as never)],
    ['storage', () => migratingSessionStorage(new SessionStorageMemory(), undefined as never)],
    ['storage', () => new SessionStorageGuarded(undefined as never)],
    ['storage', () => new SessionStorageResilient({} as never)],
    ['fsync', () => directorySessionStorage({ directory: tmpdir(), fsync: 'false' } as never)],
    ['shared', () => directorySessionStorage({ directory: tmpdir(), shared: 1 } as never)],
    ['cached', () => directorySessionStorage({ directory: tmpdir(), cached: 'no' } as never)],
    ['createTable', () => postgresSessionStorage({ pool: async () => [], createTable: 'false' } as never)],
    ['max', () => new SessionStorageMemory({ maxSessions: '5' } as never)],
  ])('of a storage: %s (%#)', (option, make) => {
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(new RegExp(option, 'i'));
  });
});
