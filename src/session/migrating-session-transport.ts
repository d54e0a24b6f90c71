import type { SessionCall } from '../call/session-call.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import { SessionTransportCookie } from '../transport/session-transport-cookie.js';
import type { SessionTransport } from '../transport/session-transport.js';
import { MigratingTransformer } from './migrating-transformer.js';
import { pack, unpack } from './migrating-value.js';
import type { SessionProvider } from './session-provider.js';
import { isTwinTracker } from './session-twin.js';

export class MigratingSessionTransport implements SessionTransport {
  readonly kind: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly name: string;
  readonly configuration?: CookieConfiguration;
  readonly #own: SessionTransport;
  readonly #from: SessionTransport;
  readonly #sharesName: boolean;
  readonly #sharesPlace: boolean;
  readonly #alsoWrite: boolean;
  readonly #mark: SessionTransportCookie | undefined;

  constructor(own: SessionProvider<never>, from: SessionProvider<never>, alsoWrite: boolean) {
    this.#own = own.transport;
    this.#from = from.transport;
    this.#alsoWrite = alsoWrite;
    this.kind = own.transport.kind;
    this.name = nameOf(own);
    if (own.transport instanceof SessionTransportCookie) this.configuration = own.transport.configuration;
    const isSameHeader = own.transport.requestHeader === from.transport.requestHeader;
    this.requestHeader = isSameHeader
      ? own.transport.requestHeader
      : `${own.transport.requestHeader}, ${from.transport.requestHeader}`;
    this.#sharesName = isSameHeader && nameOf(own) === nameOf(from);
    const scopes = [scopeOf(own.transport), scopeOf(from.transport)];
    this.#sharesPlace = this.#sharesName && (scopes.includes(undefined) || scopes[0] === scopes[1]);
    this.transformers = [new MigratingTransformer(own.transport.transformers, from.transport.transformers, alsoWrite)];
    if (
      isTwinTracker(from.tracker) &&
      own.tracker.kind === 'by-value' &&
      own.transport instanceof SessionTransportCookie
    ) {
      this.#mark = new SessionTransportCookie(`${own.transport.name}-2`, own.transport.configuration);
    }
  }

  /** A request does not show scopes. */
  get sharesNameElsewhere(): boolean {
    return this.#sharesName && !this.#sharesPlace;
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const [own, foreign] = [this.#own.receive(call), this.#from.receive(call)];
    const marked = this.#mark && this.#mark.receive(call).length > 0;
    if (own.length === 0) return foreign.map((text) => (text === undefined ? undefined : pack({ foreign: text })));
    return own.map((text, index) => {
      const withForeign = this.#alsoWrite || index === own.length - 1 || this.#sharesPlace;
      const other = withForeign ? foreign[this.#sharesPlace ? index : 0] : undefined;
      return text === undefined && other === undefined ? undefined : pack({ own: text, foreign: other, marked });
    });
  }

  get persistent(): boolean {
    return this.#own.persistent ?? true;
  }

  send(call: SessionCall, value: string, maxAgeInSeconds?: number | null): void {
    if (!this.#alsoWrite) {
      this.#own.send(call, value, maxAgeInSeconds);
      this.#clearOld(call);
      return this.#clearMark(call);
    }
    const { own, foreign } = unpack(value);
    this.#own.send(call, own!, maxAgeInSeconds);
    if (foreign === undefined) return;
    this.#from.send(this.#callOfFrom(call), foreign);
    this.#mark?.send(call, '1');
  }

  clear(call: SessionCall): void {
    this.#own.clear(call);
    this.#clearOld(call);
    this.#clearMark(call);
  }

  get clearsElsewhere(): boolean {
    return this.#own.clearsElsewhere ?? false;
  }

  isSecure(call: SessionCall): boolean {
    return this.#own.isSecure?.(call) ?? false;
  }

  toString(): string {
    return String(this.#own);
  }

  #clearMark(call: SessionCall): void {
    if (this.#mark && this.#mark.receive(call).length > 0) this.#mark.clear(call);
  }

  #clearOld(call: SessionCall): void {
    const isReceived = this.#from.receive(call).length > 0;
    if (this.#alsoWrite || isReceived) this.#from.clear(this.#callOfFrom(call));
  }

  // Another scope needs its own header line.
  #callOfFrom(call: SessionCall): SessionCall {
    if (!this.#sharesName) return call;
    return {
      requestHeader: (name) => call.requestHeader(name),
      secure: call.secure,
      setHeader: (name, value) => call.setHeader(name, value),
      setCookie: (name, line) => {
        if (name !== this.name) call.setCookie(name, line);
        else if (!this.#sharesPlace) call.setCookie(`${name} in its old scope`, line);
      },
    };
  }
}

function nameOf({ name, transport }: SessionProvider<never>): string {
  return transport.name ?? name;
}

function scopeOf(transport: SessionTransport): string | undefined {
  const { configuration } = transport as { configuration?: { domain?: string; path?: string } };
  const domain = configuration?.domain?.replace(/^\./, '').toLowerCase() ?? '';
  return configuration && `${domain}${configuration.path ?? '/'}`;
}
