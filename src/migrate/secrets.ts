import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';

export type Secret = string | Uint8Array | KeyObject;

/** @throws {SessionConfigurationError} if empty. */
export function secretsOf(place: string, secrets: Secret | readonly Secret[]): readonly Secret[] {
  const list = (Array.isArray(secrets) ? secrets : [secrets]) as readonly Secret[];
  const isUsable = (secret: Secret | undefined): boolean =>
    typeof secret === 'string' || secret instanceof Uint8Array
      ? secret.length > 0
      : (secret as { type?: unknown } | undefined)?.type === 'secret';
  if (list.length > 0 && list.every(isUsable)) return list;
  throw new SessionConfigurationError(
    `${place} must be the secret of the old application, or a list, newest first. It is empty or not set. Is its ` +
      'environment variable set?',
  );
}

export function hmac(algorithm: string, secret: Secret, text: string): string {
  return createHmac(algorithm, secret).update(text).digest('base64').replace(/=+$/, '');
}

/** Constant time; only the lengths can leak. */
export function equalTexts(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
