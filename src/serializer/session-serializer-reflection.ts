import type { ClassTransformOptions } from 'class-transformer';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { assertDecoratorsAreSeen, storedNameOf } from './class-transformer-metadata.js';
import { joinFields, splitFields } from './json-text.js';
import { ReflectionReader } from './reflection-reader.js';
import { ReflectionWriter } from './reflection-writer.js';
import { RememberedFields } from './fast/remembered-fields.js';
import { SessionEvolution, versionOfText } from './session-evolution.js';
import type { SessionMigration } from './session-migration-step.js';
import type { FieldwiseSessionSerializer, SessionSnapshot } from './session-serializer.js';
import { SessionSnapshots } from './fast/session-snapshot.js';
import { UnwritableValue } from './unwritable-value.js';

/** Options of class-transformer, with its meaning; all of them hold for both directions. */
export type SessionSerializerReflectionOptions = Pick<
  ClassTransformOptions,
  /** For classes that do not say so themselves: `'excludeAll'` stores only what is under `@Expose()`. */
  | 'strategy'
  /** Store only what is under `@Expose()`, in every class. */
  | 'excludeExtraneousValues'
  /** The groups whose fields are stored. */
  | 'groups'
  /** The version whose fields are stored: `since` and `until`. */
  | 'version'
  /** An exposed field that is not stored keeps its initializer's value. Default `true`, unlike class-transformer's. */
  | 'exposeDefaultValues'
>;

/** The version of a session class, see `@Session(name, { version })`. */
export interface SessionVersions {
  /** A whole number from 1. Left out: the text carries none, and one that it has is kept. */
  readonly version?: number | undefined;
  /** Steps from older versions, beside those under `@Migrate()`. */
  readonly migrations?: readonly SessionMigration[] | undefined;
}

/**
 * Writes a session as compact JSON and reads it into a new instance, as the decorators of class-transformer on its
 * class and on nested ones declare: `@Type`, `@Expose`, `@Exclude`, `@Transform`. Without any of them, plain values,
 * Date, Map, Set, bigint, Buffer, Uint8Array, undefined, NaN and infinities come back as they were (tagged-value.ts
 * shows their text). A class instance under no `@Type` comes back as a plain object, or is refused where that would not
 * have the same content.
 *
 * Stored fields that the class does not have are kept, on the instance or, where class-transformer drops them, beside
 * it. A field under `@Exclude()` is never stored; with `toPlainOnly` it is.
 */
export class SessionSerializerReflection<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: new () => S;
  readonly #remembered = new RememberedFields();
  readonly #reader: ReflectionReader;
  readonly #writer: ReflectionWriter;
  readonly #snapshots: SessionSnapshots<S>;
  readonly #evolution: SessionEvolution | undefined;

  /**
   * @param type the session's class. It is not used before the first session, so decorators may still follow.
   * @throws {SessionConfigurationError} for an option that does not exist here, and when class-transformer is loaded
   * twice, so that the decorators are not seen.
   */
  constructor(type: new () => S, options: SessionSerializerReflectionOptions = {}, versions: SessionVersions = {}) {
    assertOptions(options);
    assertDecoratorsAreSeen();
    this.#type = type;
    const resolved: ClassTransformOptions = { exposeDefaultValues: true, exposeUnsetFields: true, ...options };
    this.#reader = new ReflectionReader(resolved, this.#remembered, versions.version);
    const { version, migrations = [] } = versions;
    this.#writer = new ReflectionWriter(resolved, this.#remembered, version);
    if (version !== undefined) {
      this.#evolution = new SessionEvolution(type, version, migrations, (fields) => this.#writer.writeFields(fields));
    }
    this.#snapshots = new SessionSnapshots(type, resolved);
  }

  /**
   * @throws {SessionUnserializableError} for a function, a symbol, a cycle, more than 100 levels, a class whose content
   * no field shows (Promise, WeakMap, RegExp, Error, URL, ...), and for whatever a getter or `@Transform()` throws.
   */
  serialize(session: S): string {
    try {
      return this.#writer.write(this.#type, session);
    } catch (error) {
      throw UnwritableValue.from(error).toError(this.#type.name);
    }
  }

  deserialize(text: string): S {
    if (!this.#evolution) return this.#reader.read(this.#type, text);
    const start = this.#evolution.startOf(text);
    return this.#reader.read(this.#type, start > 0 ? text : this.#evolution.upgraded(text), start);
  }

  isNewer(text: string): boolean {
    try {
      return versionOfText(text) > (this.#evolution?.version ?? 1);
    } catch {
      return false;
    }
  }

  /** `undefined` where a `@Transform()`, an exposed getter or method, bytes or a type chosen at run time are involved. */
  capture(session: S): SessionSnapshot<S> | undefined {
    return this.#snapshots.capture(session);
  }

  split(text: string): Map<string, string> {
    const isOther = this.#evolution && this.#evolution.startOf(text) === 0;
    return splitFields(isOther ? this.#evolution.upgraded(text) : text);
  }

  join(fields: ReadonlyMap<string, string>): string {
    return joinFields(fields);
  }

  nameOf(property: string): string {
    return storedNameOf(this.#type, property);
  }

  carry(from: S, to: S): void {
    this.#remembered.carry(from, to);
  }
}

const OPTIONS: ReadonlyArray<keyof SessionSerializerReflectionOptions> = [
  'strategy',
  'excludeExtraneousValues',
  'groups',
  'version',
  'exposeDefaultValues',
];

function assertOptions(options: object): void {
  const unknown = Object.keys(options).filter((name) => !(OPTIONS as readonly string[]).includes(name));
  if (unknown.length === 0) return;
  throw new SessionConfigurationError(
    `SessionSerializerReflection has no option ${unknown.join(', ')}. Its options are ${OPTIONS.join(', ')}; ` +
      'for anything else put decorators of class-transformer on the class, or give the session a serializer of your own.',
  );
}
