import type { SessionCall } from '../call/session-call.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionStorageUnavailableError, SessionWrongValueError } from '../errors/session.errors.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { SessionToStore } from '../storage/session-storage.js';
import type { ByIdParts } from './by-id-parts.js';
import { repeatUntilDone } from './repeat-until-done.js';
import type { Admission, OwnerLimit } from './owner-limit.js';
import { isSessionId, MAX_ID_LENGTH, MIN_ID_LENGTH, type SessionIdProvider } from './session-id-provider.js';
import type { SessionTimes } from './session-lifetime.js';
import { isRotated } from './session-records.js';
import { trackedById, type SessionToTrack, type StoreResult } from './session-tracker.js';

const MAX_ID_ATTEMPTS = 3;
const MAX_CONFIRMATIONS = 2;
/** Below {@link PENDING_FOR_MILLISECONDS}. */
const MAX_OWNER_CHANGE_IN_MILLISECONDS = 20_000;

export type Written<S extends object> = Extract<StoreResult<S>, { readonly transportValue: string }>;

type Pending<S extends object> = Written<S> & { readonly admission?: Admission };

/** Writes new sessions. One with an owner is pending until confirmed, so that a failed login leaves nothing. */
export class SessionCreation<S extends object> {
  readonly #parts: ByIdParts<S>;
  readonly #sessionIdProvider: SessionIdProvider;
  readonly #limit: OwnerLimit | undefined;

  constructor(parts: ByIdParts<S>, sessionIdProvider: SessionIdProvider, limit: OwnerLimit | undefined) {
    this.#parts = parts;
    this.#sessionIdProvider = sessionIdProvider;
    this.#limit = limit;
  }

  newId(call: SessionCall): string {
    const id = this.#sessionIdProvider(call);
    // Ktor's format leaves the length to the application.
    const shortest = this.#parts.bare ? 1 : MIN_ID_LENGTH;
    if (!isSessionId(id) || id.length < shortest) {
      throw new SessionWrongValueError(
        `A session id must be a text of ${shortest} to ${MAX_ID_LENGTH} characters. Let the option identity return ` +
          'random characters and nothing from the request: anyone who knows an id has the session.',
      );
    }
    return id;
  }

  async create(session: SessionToTrack<S>, text: string): Promise<StoreResult<S>> {
    const now = this.#parts.now();
    const times = { createdAt: now, renewedAt: now, details: session.details };
    const isPending = !this.#parts.bare && this.#parts.ownerOf(session.value) !== undefined;
    const created = await this.write('created', session, text, times, isPending);
    return isPending ? this.confirm(await this.#afterOwnerChangeOrEnd(created, session)) : created;
  }

  async #afterOwnerChangeOrEnd(created: Pending<S>, session: SessionToTrack<S>): Promise<Pending<S>> {
    try {
      return await this.afterOwnerChange(created, session, undefined);
    } catch (error) {
      const storedId = created.session.storedId!;
      const ended = this.#parts.storage.invalidate(storedId).catch(() => void this.#end(storedId));
      if (error instanceof ApplicationFailure) await ended;
      throw error;
    }
  }

  /** The tombstone stops a late write. */
  async #end(handle: string): Promise<void> {
    await repeatUntilDone(async () => this.#parts.storage.invalidate(handle)).catch(ignore);
  }

  /** @param before text of the visitor's session. */
  async afterOwnerChange(
    pending: Pending<S>,
    session: SessionToTrack<S>,
    before: string | undefined,
  ): Promise<Pending<S>> {
    const { owner, storedId, version, marks } = pending.session;
    if (!session.onOwner || owner === undefined || owner === session.previous?.owner) return pending;
    const { storage, records, now } = this.#parts;
    const latest = now() + MAX_OWNER_CHANGE_IN_MILLISECONDS;
    const text = await session.onOwner(before);
    if (now() >= latest) throw new SessionStorageUnavailableError('onOwnerChange took more than 20 seconds.');
    if (text === pending.session.text) return pending;
    const toStore = records.pending(records.toStore(text, pending.session, owner, marks));
    const result = await storage.replace(storedId!, toStore, version);
    const isSentTwice = result.status === 'conflict' && records.includes(result.current, toStore);
    // The owner has ended it.
    if (result.status !== 'replaced' && !isSentTwice) return pending;
    const stored = result.status === 'replaced' ? result.version : result.current.version;
    const after = records.marksOf(toStore.value);
    return { ...pending, session: { ...pending.session, text, version: stored, marks: after, snapshot: undefined } };
  }

  async write(
    status: 'created' | 'rotated',
    session: SessionToTrack<S>,
    text: string,
    times: SessionTimes,
    isPending: boolean,
  ): Promise<Pending<S>> {
    const { records, ownerOf, storedId } = this.#parts;
    const owner = ownerOf(session.value);
    const write = (at: SessionTimes): Promise<Written<S>> => this.#insert(status, session, text, at, owner, isPending);
    if (owner === undefined || !this.#limit || session.acting || owner === session.previous?.owner) return write(times);
    const { replaces, onRevoked } = session;
    const replaced = replaces === undefined ? undefined : storedId(replaces);
    const login = { owner: records.storedOwnerOf(owner), session: session.value, replaces: replaced, onRevoked };
    const { written, admission } = await this.#limit.admit(login, times, async (at) => {
      const landed = await write(at);
      return { handle: landed.session.storedId!, written: landed };
    });
    if (!admission) return written;
    if (isPending) return { ...written, admission };
    await admission.makeRoom();
    await admission.finish();
    return written;
  }

  async #insert(
    status: 'created' | 'rotated',
    session: SessionToTrack<S>,
    text: string,
    times: SessionTimes,
    owner: string | undefined,
    isPending: boolean,
  ): Promise<Written<S>> {
    const { records, storedId } = this.#parts;
    const confirmed = records.toStore(text, times, owner);
    const toStore = isPending ? records.pending(confirmed) : confirmed;
    const givenId = session.previous === undefined ? session.id : undefined;
    for (let attempt = 0; attempt < (givenId === undefined ? MAX_ID_ATTEMPTS : 1); attempt++) {
      const id = givenId ?? this.newId(session.call);
      if (id === session.previous?.id) break;
      const handle = storedId(id);
      const created = await this.#tryCreate(handle, toStore);
      if (!created) continue;
      const ids = { id, storedId: handle };
      const snapshot = snapshotOf(session, text);
      const marks = records.marksOf(toStore.value);
      const { version } = created;
      return {
        status,
        session: trackedById(session.value, text, times, ids, version, owner, snapshot, marks),
        transportValue: id,
      };
    }
    throw new SessionWrongValueError(
      `The option identity returned an existing id ${MAX_ID_ATTEMPTS} times. Let it return a new random id.`,
    );
  }

  /** @returns `undefined` if the id is taken. */
  async #tryCreate(handle: string, toStore: SessionToStore): Promise<{ readonly version: string } | undefined> {
    const { storage, records } = this.#parts;
    try {
      const version = await storage.create(handle, toStore);
      if (version !== undefined) return { version };
      // A resent call.
      const present = await storage.read(handle);
      if (present?.version === undefined || !records.includes(present, toStore)) return undefined;
      return { version: present.version };
    } catch (error) {
      void this.#end(handle);
      throw error;
    }
  }

  async confirm({ admission, ...pending }: Pending<S>): Promise<Written<S>> {
    try {
      await admission?.makeRoom();
      const confirmed = await this.#confirm(pending);
      void admission?.finish().catch(ignore);
      return confirmed;
    } catch (error) {
      if (pending.status === 'created') void this.#takeBack(pending, admission).catch(ignore);
      throw error;
    }
  }

  async #takeBack({ session }: Written<S>, admission: Admission | undefined): Promise<void> {
    const { storage, records } = this.#parts;
    const storedId = session.storedId!;
    if (!admission || admission.evicted.length === 0) return this.#end(storedId);
    const undone = records.undone(session.owner, session);
    await repeatUntilDone(async () => {
      await storage.replace(storedId, undone);
      await admission.restore();
    });
  }

  async #confirm(pending: Written<S>): Promise<Written<S>> {
    const pendingUntil = this.#parts.records.pendingUntil;
    for (let attempt = 1; ; attempt++) {
      try {
        const confirmed = await this.#tryConfirm(pending);
        if (confirmed) return confirmed;
        break;
      } catch (error) {
        if (attempt < MAX_CONFIRMATIONS) continue;
        throw error;
      }
    }
    if (this.#parts.now() < pendingUntil) return pending;
    throw new SessionStorageUnavailableError('A new session could not be confirmed in time. Try again.');
  }

  async #tryConfirm(pending: Written<S>): Promise<Written<S> | undefined> {
    const { storage, records, lifetime } = this.#parts;
    const { session } = pending;
    const storedId = session.storedId!;
    if (storage.touch) {
      const expiresAt = lifetime.expiresAt(session);
      const touched = await storage.touch(storedId, expiresAt, session.version, lifetime.latestExpiry(session));
      return touched ? pending : undefined;
    }
    const toStore = records.toStore(session.text, session, session.owner, session.marks);
    const result = await storage.replace(storedId, toStore, session.version);
    if (result.status === 'replaced') {
      const marks = records.marksOf(toStore.value);
      return { ...pending, session: { ...session, version: result.version, marks } };
    }
    if (result.status === 'gone' || isRotated(result.current.value)) return undefined;
    return records.includes(result.current, toStore)
      ? { ...pending, session: { ...session, version: result.current.version } }
      : undefined;
  }
}

/** Absent for a merged session. */
export function snapshotOf<S extends object>(
  session: SessionToTrack<S>,
  stored: string,
): SessionSnapshot<S> | undefined {
  return stored === session.text ? session.snapshot : undefined;
}

function ignore(): void {}
