import type { SessionCall } from '../call/session-call.js';
import { SessionConfigurationError, SessionError, SessionWrongValueError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { ownerText, type SessionOwnerId } from '../tracker/session-owner.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type {
  ActAsOptions,
  AuthenticatedOptions,
  ClearOptions,
  GetOptions,
  RequestSessions,
  SessionInit,
} from './request-sessions.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionEventSink } from './session-event.js';
import type { SessionInfo } from './session-info.js';
import type { SessionProvider } from './session-provider.js';
import type { SessionProviders } from './session-providers.js';
import { SessionSlot } from './session-slot.js';

const SITE_DATA: readonly string[] = ['cache', 'cookies', 'storage', 'executionContexts', '*'];

type SetOptions = { readonly keepId?: boolean };

/** The sessions of one request, loaded on first use. */
export class SessionExchange implements RequestSessions {
  readonly #providers: SessionProviders;
  readonly #call: SessionCall;
  readonly #events: SessionEventSink;
  readonly #slots: SessionSlot[] = [];
  #committing: Promise<void> | undefined;
  /** Their cookie was set by the application. */
  #replaced: Set<SessionProvider> | undefined;

  constructor(providers: SessionProviders, call: SessionCall, events: SessionEventSink) {
    this.#providers = providers;
    this.#call = call;
    this.#events = events;
  }

  // A method, because util.inspect shows getters.
  heldInstances(): readonly object[] {
    const held: object[] = [];
    for (const slot of this.#slots) if (slot.heldInstance !== undefined) held.push(slot.heldInstance);
    return held;
  }

  async get<S extends object>(type: SessionClass<S>, options?: GetOptions): Promise<S | undefined>;
  async get(name: string, options?: GetOptions): Promise<object | undefined>;
  async get(type: SessionClass | string, options?: GetOptions): Promise<object | undefined> {
    return this.present(this.#provider(type).type, options?.renew ?? true);
  }

  async info(type: SessionClass): Promise<SessionInfo | undefined> {
    return this.#slot(this.#providers.findByType(type), false).info();
  }

  async lifetime(type: SessionClass, lifetime: OwnLifetime): Promise<void> {
    await this.#slot(this.#providers.findByType(type)).lifetime(lifetime);
  }

  async authenticated(type: SessionClass, options: AuthenticatedOptions = {}): Promise<void> {
    const provider = this.#providers.findByType(type);
    await this.#slot(provider).authenticated(options.method, provider.now(), provider.reauthenticationResets);
  }

  /** Milliseconds. `undefined`: never. */
  async sinceAuthentication(type: SessionClass, methods?: readonly string[]): Promise<number | undefined> {
    const provider = this.#providers.findByType(type);
    const info = await this.#slot(provider, false).info();
    if (!info) return undefined;
    const moments = methods ? methods.map((method) => info.methods[method]) : [info.authenticatedAt];
    const times = moments.filter((moment) => moment !== undefined);
    return times.length === 0 ? undefined : provider.now() - Math.max(...times);
  }

  async takeReturnPath(type: SessionClass): Promise<string | undefined> {
    return this.#slot(this.#providers.findByType(type)).takeReturnPath();
  }

  async keepReturnPath(type: SessionClass, path: string): Promise<void> {
    await this.#slot(this.#providers.findByType(type)).returnTo(path);
  }

  present<S extends object>(type: SessionClass<S>, renew = true): S | undefined | Promise<S | undefined> {
    const slot = this.#slot(this.#providers.findByType(type), renew);
    const loading = slot.load();
    return loading ? loading.then(() => slot.value) : slot.value;
  }

  /** @param newSession `true`: always stored; `false`: never. Default: if it changes. */
  getOrFresh<S extends object>(type: SessionClass<S>, newSession?: boolean, renew = true): S | Promise<S> {
    const slot = this.#slot(this.#providers.findByType(type), renew);
    const loading = slot.load();
    if (newSession !== undefined) {
      return loading ? loading.then(() => slot.valueOrNew(newSession)) : slot.valueOrNew(newSession);
    }
    return loading ? loading.then(() => slot.valueOrFresh) : slot.valueOrFresh;
  }

  async getOrSet<S extends object>(type: SessionClass<S> | string, generator: () => S): Promise<S> {
    const slot = this.#slot(this.#provider(type));
    await slot.load();
    const present = slot.value;
    if (present !== undefined) return present;
    const value = generator();
    slot.set(value);
    return value;
  }

  set(value: object, options?: SetOptions): void;
  set(name: string, value: object, options?: SetOptions): void;
  set(valueOrName: object | string, second?: object, third?: SetOptions): void {
    if (typeof valueOrName === 'string' && arguments.length > 1) {
      this.#slot(this.#provider(valueOrName)).set(second as object, third?.keepId ?? false);
    } else {
      const options: SetOptions | undefined = second;
      const value = valueOrName as object;
      this.#slot(this.#providers.findByValue(value)).set(value, options?.keepId ?? false);
    }
  }

  async login<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, init?: SessionInit<S>): Promise<S> {
    const provider = this.#providers.findByType(type);
    const { field, value, text } = givenOwner('login', provider, owner);
    return this.#slot(provider).login(field, value, text, init);
  }

  async actAs<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, options: ActAsOptions): Promise<S> {
    const provider = this.#providers.findByType(type);
    const { field, value, text } = givenOwner('actAs', provider, owner);
    return this.#slot(provider).actAs(field, value, text, options ?? {});
  }

  async stopActing(type: SessionClass): Promise<boolean> {
    return this.#slot(this.#providers.findByType(type)).stopActing();
  }

  logout(type: SessionClass, options?: ClearOptions): void {
    this.#slot(this.#providers.findByType(type)).clear(siteDataOf(options));
  }

  clear(type: SessionClass | string, id: string): Promise<void>;
  clear(type: SessionClass | string, options?: ClearOptions): void;
  clear(type: SessionClass | string, id?: string | ClearOptions): void | Promise<void> {
    const provider = this.#provider(type);
    if (id === undefined || isClearOptions(id)) return this.#slot(provider).clear(siteDataOf(id));
    if (!provider.tracker.clearById) {
      throw withoutId(`Session provider \`${provider.name}\` doesn't use session IDs`);
    }
    return this.#clearById(provider, id);
  }

  // Loaded first: the result must not depend on earlier reads.
  async #clearById(provider: SessionProvider, id: string): Promise<void> {
    const slot = this.#slot(provider);
    await slot.load();
    const isOwn = slot.id === id;
    await provider.tracker.clearById!(id);
    if (isOwn) slot.clear();
  }

  async id(type?: SessionClass): Promise<string | undefined> {
    const provider = type ? this.#providers.findByType(type) : this.#onlyById();
    if (!provider) return undefined;
    if (!provider.tracker.clearById) throw withoutId(`Provider ${provider.name} doesn't use session IDs`);
    const slot = this.#slot(provider);
    await slot.load();
    return slot.id;
  }

  idNow(type: SessionClass): string | undefined {
    const provider = this.#providers.findByType(type);
    if (!provider.tracker.clearById) throw withoutId(`Provider ${provider.name} doesn't use session IDs`);
    return this.#slot(provider).idNow;
  }

  findName(type: SessionClass): string {
    return this.#providers.findByType(type).name;
  }

  findType(name: string): SessionClass {
    return this.#provider(name).type;
  }

  #provider<S extends object>(type: SessionClass<S> | string): SessionProvider<S> {
    if (typeof type !== 'string') return this.#providers.findByType(type);
    const name = type;
    const provider = this.#providers.findByName(name);
    if (provider) return provider as unknown as SessionProvider<S>;
    throw new SessionError(
      'SESSION_NOT_REGISTERED',
      `Session data for \`${name}\` was not registered. Use the name of one of the application's sessions.`,
    );
  }

  async regenerate(type: SessionClass): Promise<void> {
    await this.#slot(this.#providers.findByType(type)).regenerate();
  }

  idAtOnce(type: SessionClass): string | undefined {
    return this.#slot(this.#providers.findByType(type)).id;
  }

  async reload(type: SessionClass): Promise<void> {
    await this.#slot(this.#providers.findByType(type)).reload();
  }

  touch(type: SessionClass): void {
    this.#slot(this.#providers.findByType(type)).touch();
  }

  lifetimeAtOnce(type: SessionClass, lifetime: OwnLifetime): void {
    this.#slot(this.#providers.findByType(type)).lifetimeNow(lifetime);
  }

  /** In seconds. `undefined`: as configured; `null`: none. */
  maxAgeAtOnce(type: SessionClass): number | null | undefined {
    return this.#slot(this.#providers.findByType(type)).maxAge;
  }

  transportOf(type: SessionClass): SessionTransport {
    return this.#providers.findByType(type).transport;
  }

  async update<S extends object>(type: SessionClass<S>, change: (present: S) => void): Promise<S> {
    return this.#slot(this.#providers.findByType(type)).update(change);
  }

  async save(): Promise<void> {
    await this.commit(false);
  }

  /** @param serverError drops changes unless `saveOnServerError`. @returns `undefined` if done. */
  commit(serverError: boolean): Promise<void> | undefined {
    if (!this.#committing) return this.#track(this.#commit(serverError));
    // All callers of a failed commit fail.
    const failed = async (error: unknown): Promise<never> => {
      await this.#commit(serverError);
      throw error;
    };
    return this.#track(this.#committing.then(() => this.#commit(serverError), failed));
  }

  isSettled(serverError: boolean): boolean {
    if (this.#committing) return false;
    for (const slot of this.#slots) if (!slot.isSettled(serverError)) return false;
    return true;
  }

  reportLateChanges(serverError: boolean): void {
    const report = (): void => this.reportLateChanges(serverError);
    if (this.#committing) void this.#committing.then(report, report);
    else for (const slot of this.#slots) slot.reportLateChange(serverError);
  }

  reportUnstored(): void {
    if (this.#committing) return;
    for (const slot of this.#slots) slot.reportUnstored();
  }

  revert(): void {
    for (const slot of this.#slots) slot.revert();
  }

  get presentTypes(): readonly SessionClass[] {
    return this.#slots.filter(({ value }) => value !== undefined).map(({ provider }) => provider.type);
  }

  #onlyById(): SessionProvider | undefined {
    const [first, second] = this.#providers.all.filter(({ tracker }) => tracker.clearById !== undefined);
    if (!second) return first;
    throw new SessionError(
      'SESSION_NOT_REGISTERED',
      'Multiple session providers installed. Please use sessionId<S>() function instead. Here: sessions.id(UserSession).',
    );
  }

  // `res.clearCookie('sid')` is a logout.
  #endReplaced(): void {
    const lines = this.#call.applicationCookies?.();
    if (!lines) return;
    for (const provider of this.#providers.all) {
      if (this.#replaced?.has(provider) || !isReplaced(provider, lines)) continue;
      (this.#replaced ??= new Set()).add(provider);
      this.#slot(provider).clear();
    }
  }

  #commit(serverError: boolean): Promise<void> | undefined {
    this.#endReplaced();
    if (this.#slots.length === 1) return this.#slots[0]!.commit(serverError);
    const commits: Promise<void>[] = [];
    for (const slot of this.#slots) {
      const commit = slot.commit(serverError);
      if (commit) commits.push(commit);
    }
    return commits.length === 0 ? undefined : allOf(commits);
  }

  #track(commit: Promise<void> | undefined): Promise<void> | undefined {
    if (!commit) return undefined;
    this.#committing = commit;
    const settle = (): void => {
      if (this.#committing === commit) this.#committing = undefined;
    };
    void commit.then(settle, settle);
    return commit;
  }

  #slot<S extends object>(provider: SessionProvider<S>, renew = true): SessionSlot<S> {
    let slot = this.#slots.find((one) => one.provider === (provider as unknown as SessionProvider));
    if (!slot) {
      slot = new SessionSlot(provider, this.#call, this.#events, this.#providers);
      this.#slots.push(slot);
      if (this.#slots.length === 2) this.#call.orderCookies?.(this.#providers.all.map(({ name }) => name));
    }
    if (renew) slot.renews = true;
    return slot as unknown as SessionSlot<S>;
  }
}

async function allOf(commits: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(commits);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

// An id may be unvalidated input: only this shape counts as options.
function isClearOptions(value: unknown): value is ClearOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((name) => name === 'siteData');
}

function siteDataOf(options: ClearOptions | undefined): ClearOptions['siteData'] {
  const siteData: unknown = options?.siteData;
  if (siteData === undefined) return undefined;
  if (Array.isArray(siteData) && siteData.every((kind) => SITE_DATA.includes(kind as string))) return siteData;
  throw new SessionWrongValueError(`siteData must be a list of ${SITE_DATA.map((kind) => `'${kind}'`).join(', ')}.`);
}

function givenOwner<S extends object>(
  verb: 'login' | 'actAs',
  { type, ownerField }: SessionProvider<S>,
  owner: SessionOwnerId,
): { readonly field: string; readonly value: unknown; readonly text: string } {
  if (ownerField === undefined) {
    throw new SessionConfigurationError(
      `${type.name} has no owner, so no user can sign in to it. Mark the field that holds the id of the user with ` +
        '@SessionOwner().',
    );
  }
  const text = ownerText(owner, `The owner given to ${verb}(${type.name})`);
  if (text === undefined) {
    throw new SessionError(
      'SESSION_WRONG_VALUE',
      `${verb}(${type.name}) needs an owner, but it is empty. Pass the id of the user; to sign out, call ` +
        `sessions.logout(${type.name}).`,
    );
  }
  return { field: ownerField, value: typeof owner === 'object' ? text : owner, text };
}

function withoutId(message: string): SessionError {
  return new SessionError(
    'SESSION_WITHOUT_ID',
    `${message}. Keep it on the server: @Session(name, { tracker: 'by-id' }).`,
  );
}

/** By name, or cleared by the name without prefix. */
function isReplaced({ name, transport }: SessionProvider, lines: readonly string[]): boolean {
  if (transport.kind !== 'cookie') return false;
  const { name: cookie = name } = transport;
  return lines.some((line) => {
    const written = line.slice(0, Math.max(0, line.indexOf('='))).trim();
    return written === cookie || (written === name && /^[^=]*=(?:;|$)/.test(line));
  });
}
