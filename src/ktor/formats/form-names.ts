import { SessionConfigurationError } from '../../errors/session.errors.js';
import { decodeQuery, encodeForm, MOST_PAIRS } from './form-encoding.js';

export function checkFormNames(type: string, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const refuse = (problem: string): never => {
      throw new SessionConfigurationError(`${type}.${name}: ${problem} in Ktor's text format. Rename the field.`);
    };
    if (/\p{Surrogate}/u.test(name) || decodeQuery(encodeForm(name)) !== name) refuse('a name with a space is lost');
    if (name === '$type') refuse('the name is reserved for sealed classes');
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) refuse(`it differs from ${other} only in case, so one of them is lost`);
    seen.set(name.toLowerCase(), name);
  }
  if (names.length > MOST_PAIRS) {
    throw new SessionConfigurationError(`${type} has more than ${MOST_PAIRS} fields. Ktor reads no more.`);
  }
}
