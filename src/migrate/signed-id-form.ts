import { createHmac, randomBytes } from 'node:crypto';
import type { OldCookies, OldForm, OldSession } from './old-session.js';
import type { OldStore } from './old-store.js';
import { decodedCookie } from './cookie-text.js';
import type { Secret } from './secrets.js';

export interface IdSignature {
  sign(id: string): string;
  unsign(text: string): string | undefined;
  /** Makes our session ids unpredictable. */
  readonly secret: Secret;
}

export class SignedIdForm implements OldForm {
  readonly kind: string;
  readonly cookieName: string;
  readonly cookieNames: readonly string[];
  readonly #signature: IdSignature;
  readonly #store: OldStore;

  constructor(kind: string, cookieName: string, signature: IdSignature, store: OldStore) {
    this.kind = kind;
    this.cookieName = cookieName;
    this.cookieNames = [cookieName];
    this.#signature = signature;
    this.#store = store;
  }

  async open(cookies: OldCookies): Promise<OldSession | undefined> {
    const text = decodedCookie(cookies.get(this.cookieName) ?? '');
    const id = text === undefined ? undefined : this.#signature.unsign(text);
    return id === undefined || id === '' ? undefined : this.#store.read(id);
  }

  async write({ data, id, expiresAt }: OldSession & { readonly expiresAt: number }): Promise<OldCookies> {
    const present = id ?? this.idFor(undefined);
    await this.#store.write(present, data, expiresAt);
    return new Map([[this.cookieName, encodeURIComponent(this.#signature.sign(present))]]);
  }

  idFor(of: string | undefined): string {
    if (of === undefined) return randomBytes(24).toString('base64url');
    return createHmac('sha256', this.#signature.secret)
      .update(`nestjs-sessions:${of}`)
      .digest('base64url')
      .slice(0, 32);
  }

  async end(id: string): Promise<void> {
    await this.#store.end(id);
  }
}
