import { foreignOption } from './foreign-options.js';
import { SessionConfigurationError } from './session.errors.js';

/**
 * Rejects unknown options, such as misspelt ones.
 * @param place where the options are, for the message.
 */
export function refuseUnknownOptions(place: string, options: object, known: readonly string[]): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    const foreign = foreignOption(option);
    if (foreign !== undefined) throw new SessionConfigurationError(`${place}: unknown option "${option}". ${foreign}`);
    const meant = known.find((name) => name.toLowerCase().startsWith(option.toLowerCase().slice(0, 4)));
    throw new SessionConfigurationError(
      `${place}: unknown option "${option}".` +
        (meant ? ` Did you mean ${meant}?` : '') +
        ` Known: ${known.join(', ')}.`,
    );
  }
}

/** Throws unless the value is `undefined` or one of `allowed`. */
export function assertOneOf(place: string, option: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new SessionConfigurationError(`${place}: ${option} is one of ${allowed.map((one) => `'${one}'`).join(', ')}.`);
}

/** Rejects options that are present but `undefined`, if their absence weakens the protection. */
export function refuseUndefined(place: string, options: object, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(options, name) || (options as Readonly<Record<string, unknown>>)[name] !== undefined) continue;
    throw new SessionConfigurationError(
      `${place}: ${name} is undefined. Is an environment variable not set? Leave ${name} out where you do not want it.`,
    );
  }
}
