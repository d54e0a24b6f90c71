import { SessionConfigurationError } from '../errors/session.errors.js';

// A symbol of the global registry: the package may be loaded twice, as ES module and as CommonJS.
const FORMER_NAMES = Symbol.for('nestjs-sessions:former-names');

/** What `@WasCalled` says of a former stored name. */
export interface FormerName {
  readonly name: string;
  readonly alsoWrite: boolean;
}

type FormerNames = ReadonlyMap<string, readonly FormerName[]>;

/**
 * A field that was stored under another name: sessions with the old one are read. The value is written under both names,
 * so that an older version of the class, which runs beside this one during a rollout or after a rollback, reads and
 * changes it. The old name wins where both are stored: only the older version lets them differ.
 *
 * @param name the former stored name: of the property, or of its `@Expose({ name })`.
 * @param options.alsoWrite `false`, once no older version runs any more: the old name is read and not written.
 * @example
 * ```ts
 * class UserSession {
 *   @Expose({ name: 'n' }) @WasCalled('name') fullName = '';
 * }
 * ```
 */
export function WasCalled(name: string, options: { readonly alsoWrite?: boolean } = {}): PropertyDecorator {
  return (prototype, property) => {
    if (typeof property !== 'string' || typeof name !== 'string' || name === '' || name === property) {
      throw new SessionConfigurationError(`@WasCalled() of ${String(property)} needs another name: @WasCalled('old').`);
    }
    const type = prototype.constructor;
    const names = formerNamesOf(type);
    const former = [...(names.get(property) ?? []), { name, alsoWrite: options.alsoWrite ?? true }];
    const value: FormerNames = new Map([...names, [property, former]]);
    Object.defineProperty(type, FORMER_NAMES, { value, configurable: true });
  };
}

/** Former stored names by property, inherited ones included. */
export function formerNamesOf(type: object): FormerNames {
  return (type as { [FORMER_NAMES]?: FormerNames })[FORMER_NAMES] ?? new Map();
}
