import type { SharedOptions } from '../../config/session-options.js';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import { SessionStorageMemory } from '../../memory/session-storage-memory.js';
import { FakeClock } from '../fake-clock.js';

const TEST_KEY = 'nq3Xw8GkZ5r0BvYtE7mJc2PdUhL9sQfA6iTxNbKo4Ry';

export interface SessionsTestingOptions extends SharedOptions {
  /** The clock of lifetimes and storage. Default: a new one, see `app.get(FakeClock)`. */
  readonly clock?: FakeClock;
}

/** Like NestJS's `DynamicModule`, without an import. */
export interface SessionsTestingDefinition {
  readonly module: new () => object;
  readonly imports: never[];
  readonly providers: Array<{ provide: typeof FakeClock; useValue: FakeClock }>;
  readonly exports: Array<typeof FakeClock>;
  readonly global: boolean;
}

/**
 * Fixed key, memory, {@link FakeClock}; for `overrideProvider(SESSIONS_MODULE_OPTIONS)`.
 * @throws {SessionConfigurationError} in production.
 */
export function sessionsTestingOptions(options: SessionsTestingOptions = {}): SharedOptions {
  if (process.env['NODE_ENV'] === 'production') {
    throw new SessionConfigurationError(
      'nestjs-sessions/testing uses a public key, so it does not run with NODE_ENV=production. Use ' +
        'SessionsModule.forRoot({ keys: [process.env.SESSION_KEY] }).',
    );
  }
  const { clock = new FakeClock(), ...rest } = options;
  return { keys: TEST_KEY, storage: new SessionStorageMemory({ now: clock.now }), now: clock.now, ...rest };
}

/** `SessionsModule` with {@link sessionsTestingOptions}. */
export class SessionsTestingModule {
  /** Also provides the {@link FakeClock}. */
  static async forRoot(options: SessionsTestingOptions = {}): Promise<SessionsTestingDefinition> {
    const clock = options.clock ?? new FakeClock();
    const { SessionsModule } = await import('../../module/sessions.module.js');
    return {
      module: SessionsTestingModule,
      imports: [SessionsModule.forRoot(sessionsTestingOptions({ ...options, clock }))] as never[],
      providers: [{ provide: FakeClock, useValue: clock }],
      exports: [FakeClock],
      global: true,
    };
  }
}
