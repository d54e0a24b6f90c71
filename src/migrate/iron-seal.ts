import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, type BinaryLike } from 'node:crypto';
import { equalTexts } from './secrets.js';

/** iron and iron-webcrypto with defaults: AES-256-CBC, HMAC-SHA256. */
const PREFIX = 'Fe26.2';
const SKEW_IN_MILLISECONDS = 60_000;

export type IronPasswords = ReadonlyMap<string, string>;

/** @returns text and expiry in epoch milliseconds; `undefined` if invalid or expired. */
export function openIronSeal(
  seal: string,
  passwords: IronPasswords,
  now: number,
): { readonly text: string; readonly expiresAt: number | undefined } | undefined {
  const parts = seal.split('*');
  const [prefix, id = '', salt = '', iv = '', encrypted = '', expiration = '', hmacSalt = '', digest = ''] = parts;
  if (parts.length !== 8 || prefix !== PREFIX || !/^\d{0,15}$/.test(expiration)) return undefined;
  const password = passwords.get(id);
  if (password === undefined) return undefined;
  const sealed = parts.slice(0, 6).join('*');
  if (!equalTexts(digestOf(sealed, password, hmacSalt), digest)) return undefined;
  const expiresAt = expiration === '' ? undefined : Number(expiration);
  if (expiresAt !== undefined && expiresAt <= now - SKEW_IN_MILLISECONDS) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-cbc', keyOf(password, salt), Buffer.from(iv, 'base64url'));
    const text = Buffer.concat([decipher.update(Buffer.from(encrypted, 'base64url')), decipher.final()]);
    return { text: text.toString('utf8'), expiresAt };
  } catch {
    return undefined;
  }
}

export function ironSeal(
  text: string,
  { id, password }: { readonly id: string; readonly password: string },
  expiresAt: number | undefined,
): string {
  const [salt, hmacSalt] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', keyOf(password, salt), iv);
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const sealed = [
    PREFIX,
    id,
    salt,
    iv.toString('base64url'),
    encrypted.toString('base64url'),
    expiresAt === undefined ? '' : String(expiresAt),
  ].join('*');
  return `${sealed}*${hmacSalt}*${digestOf(sealed, password, hmacSalt)}`;
}

function digestOf(sealed: string, password: string, salt: string): string {
  return createHmac('sha256', keyOf(password, salt)).update(sealed).digest('base64url');
}

// The format prescribes one iteration; passwords are long and random.
function keyOf(password: BinaryLike, salt: string): Buffer {
  return pbkdf2Sync(password, salt, 1, 32, 'sha1');
}
