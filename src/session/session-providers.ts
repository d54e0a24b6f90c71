import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { locationKeyOf, type SessionProvider } from './session-provider.js';

/** In order of registration (Ktor: `SessionsConfig`). */
export class SessionProviders {
  readonly #providers: SessionProvider[] = [];
  readonly #byType = new Map<SessionClass, SessionProvider>();
  readonly #registerLate: (wanted: SessionClass | string) => void;

  /** @param registerLate registers an unknown class or name. */
  constructor(registerLate: (wanted: SessionClass | string) => void = () => {}) {
    this.#registerLate = registerLate;
  }

  get all(): readonly SessionProvider[] {
    return [...this.#providers];
  }

  /** @throws {SessionConfigurationError} if the name, class, cookie or header is taken. */
  register(provider: SessionProvider): void {
    const sameName = this.#providers.find((present) => present.name === provider.name);
    if (sameName) {
      throw new SessionConfigurationError(
        `There is already registered session provider with name ${provider.name}: ${String(sameName)}. ` +
          `Give class ${provider.type.name} another name in its @Session('…').`,
      );
    }
    const sameType = this.#byType.get(provider.type);
    if (sameType) {
      throw new SessionConfigurationError(
        `There is already registered session provider for type class ${provider.type.name}: ${String(sameType)}. ` +
          `Register it once, or extend the class for "${provider.name}".`,
      );
    }
    const location = locationKeyOf(provider);
    const sameLocation = location && this.#providers.find((present) => locationKeyOf(present) === location);
    if (sameLocation) {
      throw new SessionConfigurationError(
        `"${provider.name}" and "${sameLocation.name}" use the same ${location}. Give one of them another name.`,
      );
    }
    this.#providers.push(provider);
    this.#byType.set(provider.type, provider);
  }

  get(type: SessionClass): SessionProvider | undefined {
    return this.#byType.get(type);
  }

  /** @throws {SessionError} if the class is not registered. */
  findByType<S extends object>(type: SessionClass<S>): SessionProvider<S> {
    const provider = this.#byType.get(type) ?? this.#late(type);
    if (!provider) throw notRegistered(String((type as { name?: unknown } | undefined)?.name ?? type));
    return provider as unknown as SessionProvider<S>;
  }

  findByName(name: string): SessionProvider | undefined {
    const find = (): SessionProvider | undefined => this.#providers.find((one) => one.name === name);
    const present = find();
    if (present) return present;
    this.#registerLate(name);
    return find();
  }

  /** Also finds base classes. @throws {SessionError} */
  findByValue<S extends object>(value: S): SessionProvider<S> {
    if (value === null || typeof value !== 'object') throw noSession(value);
    for (
      let prototype: unknown = Object.getPrototypeOf(value);
      prototype;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      const { constructor } = prototype as { constructor: SessionClass };
      const provider = this.#byType.get(constructor) ?? this.#late(constructor);
      if (provider) return provider as unknown as SessionProvider<S>;
    }
    const parent: unknown = Object.getPrototypeOf(value);
    if (parent === null || parent === Object.prototype) throw plainObject();
    // `value.constructor` may be a field.
    throw notRegistered((Object.getPrototypeOf(value) as object | null)?.constructor?.name ?? 'Object');
  }

  #late(type: SessionClass): SessionProvider | undefined {
    this.#registerLate(type);
    return this.#byType.get(type);
  }
}

function notRegistered(type: string): SessionError {
  return new SessionError(
    'SESSION_NOT_REGISTERED',
    `Session data for type \`class ${type}\` was not registered. ` +
      `Mark the class with @Session('name') and list it in SessionsModule.forRoot({ sessions: [${type}] }).`,
  );
}

function plainObject(): SessionError {
  return new SessionError(
    'SESSION_NOT_REGISTERED',
    'Session data for type `class Object` was not registered. A plain object is no session: set an instance of a ' +
      'session class, as in sessions.set(Object.assign(new UserSession(), { … })).',
  );
}

function noSession(value: unknown): SessionError {
  return new SessionError(
    'SESSION_WRONG_VALUE',
    `${value === null ? 'null' : typeof value} cannot be cast to a session. Set an instance of a session class; ` +
      'to end a session call sessions.clear(Type).',
  );
}
