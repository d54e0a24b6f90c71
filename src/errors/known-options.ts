import { foreignOption } from './foreign-options.js';
import { SessionConfigurationError } from './session.errors.js';

export function assertKnownOptions(place: string, options: object, known: readonly string[]): void {
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

export function assertOneOf(place: string, option: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new SessionConfigurationError(
    `${place}: ${option} must be one of ${allowed.map((one) => `'${one}'`).join(', ')}.`,
  );
}

export function assertNotUndefined(place: string, options: object, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(options, name) || (options as Readonly<Record<string, unknown>>)[name] !== undefined) continue;
    throw new SessionConfigurationError(
      `${place}: ${name} is undefined. Is its environment variable set? Omit ${name} if you do not want it.`,
    );
  }
}
