import { hash } from 'node:crypto';
import type { AcceptingSession } from '../config/session-source.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { TwinLink, TwinToStore, TwinTracker } from '../session/session-twin.js';
import { wrongValue } from '../tracker/session-class.js';
import { SessionMerge } from '../tracker/session-merge.js';
import type { LoadResult, StoreResult, TrackedSession } from '../tracker/session-tracker.js';
import type { MigrationOptions, OldData, OldForm, OldSession } from './old-session.js';

/** The field that refers to our session. Old code preserves unknown fields. */
const LINK = 'nestjs-sessions';
/** Short: old code is not an attacker. */
const DIGEST_LENGTH = 22;
const NO_EXPIRY = 400 * 24 * 3600 * 1000;

export class OldSessionTracker<S extends object, Old extends object> implements TwinTracker<S> {
  readonly kind: string;
  readonly #form: OldForm;
  readonly #accepting: AcceptingSession<S>;
  readonly #map: (old: Old) => S | undefined | null;
  readonly #unmap: (session: S, old: Partial<Old>) => object;
  readonly #merge: SessionMerge<S>;
  readonly #oldSessions = new WeakMap<TrackedSession<S>, OldSession>();

  constructor(form: OldForm, accepting: AcceptingSession<S>, options: MigrationOptions<S, Old>) {
    for (const name of ['map', 'unmap'] as const) {
      if (typeof options[name] === 'function' || (name === 'unmap' && options.unmap === undefined)) continue;
      throw new SessionConfigurationError(
        `${form.kind}: ${name} must be a function, such as { map: (old) => Object.assign(new ${accepting.type.name}(), …) }.`,
      );
    }
    this.kind = form.kind;
    this.#form = form;
    this.#accepting = accepting;
    this.#map = options.map;
    this.#unmap = options.unmap ?? ((session, old) => ({ ...old, ...this.#fieldsOf(session) }));
    this.#merge = new SessionMerge<S>(accepting.name, accepting.serializer, 'theirs');
  }

  async load(received: string): Promise<LoadResult<S>> {
    const opened = await this.#form.open(new Map(JSON.parse(received) as Array<[string, string]>));
    if (!opened) return { status: 'rejected', reason: 'unknown-id' };
    const now = this.#accepting.now();
    if (opened.expiresAt !== undefined && opened.expiresAt <= now)
      return { status: 'rejected', reason: 'expired-idle' };
    const value = this.#mapped(opened.data);
    if (!value) return { status: 'rejected', reason: 'undecodable' };
    return { status: 'loaded', session: this.#tracked(value, opened, opened.writtenAt ?? now) };
  }

  store(): StoreResult<S> {
    throw new SessionConfigurationError(`${this.kind} can only be used as from: { type: UserSession, from: … }.`);
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id !== undefined) await this.#form.end?.(session.id);
  }

  linkOf(twin: TrackedSession<S>): TwinLink | undefined {
    const data = this.#oldSessions.get(twin)?.data ?? {};
    const link = data[LINK];
    if (typeof link !== 'string') return undefined;
    const dot = link.lastIndexOf('.');
    return { of: link.slice(0, dot), changed: link.slice(dot + 1) !== digestOf(data) };
  }

  async storeTwin({ value, of, isUnique, keepsId, previous, expiresAt }: TwinToStore<S>): Promise<{
    session: TrackedSession<S>;
    transportValue: string;
  }> {
    const before = previous && this.#oldSessions.get(previous);
    const held = withoutLink(before?.data ?? {});
    const data = asJson(this.#unmap(value, held as Partial<Old>));
    const linked = { ...data, [LINK]: `${of}.${digestOf(data)}` };
    const now = this.#accepting.now();
    const id = !isUnique && keepsId ? before?.id : undefined;
    const old: OldSession & { readonly expiresAt: number } = {
      data: linked,
      id: id ?? this.#form.idFor?.(isUnique ? of : undefined),
      writtenAt: now,
      expiresAt: Math.min(expiresAt, now + NO_EXPIRY),
    };
    const cookies = await this.#form.write(old);
    return { session: this.#tracked(value, old, now), transportValue: JSON.stringify([...cookies]) };
  }

  joined(present: TrackedSession<S>, twin: TrackedSession<S>): S {
    const { serializer } = this.#accepting;
    const data = withoutLink(this.#oldSessions.get(twin)?.data ?? {});
    const unchanged = this.#mapped(asJson(this.#unmap(present.value, data as Partial<Old>)));
    if (!unchanged) return twin.value;
    const { text } = this.#merge.merge(
      serializer.serialize(unchanged),
      serializer.serialize(present.value),
      serializer.serialize(twin.value),
    );
    return serializer.deserialize(text);
  }

  async endTwinOf(name: string): Promise<void> {
    if (this.#form.idFor) await this.#form.end?.(this.#form.idFor(name));
  }

  serialize(value: S): string {
    return this.#accepting.serializer.serialize(value);
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    const { writtenAt, expiresAt } = this.#oldSessions.get(session) ?? {};
    if (writtenAt === undefined || expiresAt === undefined) return false;
    return this.#accepting.now() - writtenAt > (expiresAt - writtenAt) / 2;
  }

  ownerOf(value: S): string | undefined {
    return this.#accepting.ownerOf(value);
  }

  changesTransportValue(): boolean {
    return true;
  }

  fieldSizes(): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    return [];
  }

  validate(value: unknown): asserts value is S {
    if (!(value instanceof this.#accepting.type)) throw wrongValue(this.#accepting.type, value);
  }

  toString(): string {
    return `OldSessionTracker: ${this.kind}`;
  }

  #mapped(data: OldData): S | undefined {
    let value: S | undefined | null;
    try {
      value = this.#map(withoutLink(data) as Old);
    } catch {
      return undefined;
    }
    if (value === undefined || value === null) return undefined;
    this.validate(value);
    return value;
  }

  #tracked(value: S, old: OldSession, at: number): TrackedSession<S> {
    const session = {
      value,
      text: '',
      createdAt: at,
      renewedAt: at,
      id: old.id,
      owner: this.#accepting.ownerOf(value),
    };
    this.#oldSessions.set(session, old);
    return session;
  }

  #fieldsOf(session: S): object {
    let stored: unknown;
    try {
      stored = JSON.parse(this.#accepting.serializer.serialize(session));
    } catch {
      return session;
    }
    if (typeof stored !== 'object' || stored === null) return session;
    const names = [...Object.keys(new this.#accepting.type()), ...Object.keys(session)];
    const empty = Object.fromEntries(names.map((name) => [name, undefined]));
    return { ...empty, ...Object.fromEntries(Object.entries(session).filter(([name]) => Object.hasOwn(stored, name))) };
  }
}

function withoutLink(data: OldData): OldData {
  const { [LINK]: _link, ...rest } = data;
  return rest;
}

/** Independent of field order, which databases may change. */
function digestOf(data: OldData): string {
  return hash('sha256', JSON.stringify(sorted(withoutLink(data))), 'base64url').slice(0, DIGEST_LENGTH);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, member]) => [name, sorted(member)]);
}

function asJson(data: object): OldData {
  const text = JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  return JSON.parse(text) as OldData;
}
