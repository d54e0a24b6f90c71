import { SessionConfigurationError } from '../errors/session.errors.js';

const FORMER_NAMES = Symbol.for('nestjs-sessions:former-names');

export interface FormerName {
  readonly name: string;
  readonly alsoWrite: boolean;
}

type FormerNames = ReadonlyMap<string, readonly FormerName[]>;

/**
 * Reads sessions that stored this field under another name. Both names are written, so that older versions of the class
 * can read and change it: if the values differ, the old name's wins.
 * @param options.alsoWrite `false` once no older version runs. Default `true`.
 */
export function WasCalled(name: string, options: { readonly alsoWrite?: boolean } = {}): PropertyDecorator {
  return (prototype, property) => {
    if (typeof property !== 'string' || typeof name !== 'string' || name === '' || name === property) {
      throw new SessionConfigurationError(
        `@WasCalled() on ${String(property)} needs a former name, such as @WasCalled('old').`,
      );
    }
    const type = prototype.constructor;
    const names = formerNamesOf(type);
    const former = [...(names.get(property) ?? []), { name, alsoWrite: options.alsoWrite ?? true }];
    const value: FormerNames = new Map([...names, [property, former]]);
    Object.defineProperty(type, FORMER_NAMES, { value, configurable: true });
  };
}

export function formerNamesOf(type: object): FormerNames {
  return (type as { [FORMER_NAMES]?: FormerNames })[FORMER_NAMES] ?? new Map();
}
