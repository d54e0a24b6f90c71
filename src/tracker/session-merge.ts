import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionConflictError } from '../errors/session.errors.js';
import { isFieldwise, type SessionSerializer } from '../serializer/session-serializer.js';

/**
 * For a field that two parallel requests changed: `mine` (default), `theirs` (the stored value), `reject`
 * ({@link SessionConflictError}, 409), or a function that returns the value; its error fails the request.
 */
export type OnClash<S extends object = object> = 'mine' | 'theirs' | 'reject' | ClashResolver<S>['resolve'];

// A method, for bivariance.
export interface ClashResolver<S> {
  resolve(field: string, sessions: { readonly base: S; readonly mine: S; readonly theirs: S }): unknown;
}

/** `conflicts`: fields that both changed. */
export interface MergedSession {
  readonly text: string;
  readonly conflicts: readonly string[];
}

/** Three-way merge by top-level field. */
export class SessionMerge<S extends object> {
  readonly #name: string;
  readonly #serializer: SessionSerializer<S>;
  readonly #onClash: OnClash<S>;
  readonly #counters: readonly string[];

  /** @param counters properties whose changes are added up. */
  constructor(name: string, serializer: SessionSerializer<S>, onClash: OnClash<S>, counters: readonly string[] = []) {
    this.#name = name;
    this.#serializer = serializer;
    this.#onClash = onClash;
    this.#counters = counters;
  }

  /**
   * @param base the loaded text. @param theirs the stored text.
   * @throws {SessionConflictError} and {ApplicationFailure}.
   */
  merge(base: string, mine: string, theirs: string): MergedSession {
    if (base === theirs) return { text: mine, conflicts: [] };
    if (base === mine) return { text: theirs, conflicts: [] };
    if (!isFieldwise(this.#serializer)) return this.#mergeWhole(base, mine, theirs);
    const serializer = this.#serializer;
    const [baseFields, mineFields, merged] = [serializer.split(base), serializer.split(mine), serializer.split(theirs)];
    const counters = new Set(this.#counters.map((property) => serializer.nameOf(property)));
    const theirFields = new Map(merged);
    const conflicts: string[] = [];
    for (const field of new Set([...mineFields.keys(), ...baseFields.keys()])) {
      const [was, ours, present] = [baseFields.get(field), mineFields.get(field), theirFields.get(field)];
      if (ours === was) continue;
      const total = counters.has(field) ? sum(was, ours, present) : undefined;
      if (present === was) put(merged, field, ours);
      else if (total !== undefined) merged.set(field, total);
      else if (ours !== present) conflicts.push(field);
    }
    return { text: this.#settle(conflicts, { base, mine, theirs }, mineFields, merged), conflicts };
  }

  #settle(
    conflicts: readonly string[],
    texts: { base: string; mine: string; theirs: string },
    mine: ReadonlyMap<string, string>,
    merged: Map<string, string>,
  ): string {
    const serializer = this.#serializer;
    if (!isFieldwise(serializer)) return texts.mine;
    if (conflicts.length > 0 && this.#onClash === 'reject') throw new SessionConflictError(this.#name, conflicts);
    if (this.#onClash === 'mine') for (const field of conflicts) put(merged, field, mine.get(field));
    if (typeof this.#onClash !== 'function' || conflicts.length === 0) return serializer.join(merged);
    const sessions = {
      base: serializer.deserialize(texts.base),
      mine: serializer.deserialize(texts.mine),
      theirs: serializer.deserialize(texts.theirs),
    };
    const result = serializer.deserialize(serializer.join(merged)) as Record<string, unknown>;
    for (const field of conflicts) {
      // If this request removed the field.
      const property = propertyOf(serializer, [result, sessions.mine, sessions.theirs, sessions.base], field);
      result[property] = resolved(this.#onClash, field, sessions);
    }
    return serializer.serialize(result as S);
  }

  #mergeWhole(base: string, mine: string, theirs: string): MergedSession {
    if (mine === theirs) return { text: mine, conflicts: [] };
    const conflicts = ['*'];
    if (this.#onClash === 'reject') throw new SessionConflictError(this.#name, conflicts);
    if (this.#onClash === 'theirs') return { text: theirs, conflicts };
    if (typeof this.#onClash !== 'function') return { text: mine, conflicts };
    const sessions = {
      base: this.#serializer.deserialize(base),
      mine: this.#serializer.deserialize(mine),
      theirs: this.#serializer.deserialize(theirs),
    };
    return { text: this.#serializer.serialize(resolved(this.#onClash, '*', sessions) as S), conflicts };
  }
}

function resolved<S extends object>(
  onClash: ClashResolver<S>['resolve'],
  ...[field, sessions]: Parameters<ClashResolver<S>['resolve']>
): unknown {
  try {
    return onClash(field, sessions);
  } catch (error) {
    throw new ApplicationFailure(error);
  }
}

function put(fields: Map<string, string>, field: string, text: string | undefined): void {
  if (text === undefined) fields.delete(field);
  else fields.set(field, text);
}

// A counter that is no JSON number clashes.
function sum(was: string | undefined, ours: string | undefined, present: string | undefined): string | undefined {
  const total = Number(present ?? 0) + Number(ours ?? 0) - Number(was ?? 0);
  return Number.isFinite(total) ? String(total) : undefined;
}

function propertyOf(
  serializer: { nameOf(property: string): string },
  sessions: readonly object[],
  field: string,
): string {
  const properties = sessions.flatMap((session) => Object.keys(session));
  return properties.find((property) => serializer.nameOf(property) === field) ?? field;
}
