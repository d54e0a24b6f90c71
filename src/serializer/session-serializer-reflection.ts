import type { ClassTransformOptions } from 'class-transformer';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { assertDecoratorsAreSeen, declarationOf, storedNameOf } from './class-transformer-metadata.js';
import { joinFields, splitFields } from './json-text.js';
import { ReflectionReader } from './reflection-reader.js';
import { ReflectionWriter } from './reflection-writer.js';
import { RememberedFields } from './fast/remembered-fields.js';
import { SessionEvolution, versionOfText } from './session-evolution.js';
import type { SessionMigration } from './session-migration-step.js';
import type { FieldwiseSessionSerializer, SessionSnapshot } from './session-serializer.js';
import { SessionSnapshots } from './fast/session-snapshot.js';
import { UncoveredClasses } from './uncovered-class.js';
import { UnwritableValue } from './unwritable-value.js';
import { kindOf } from './value-kind.js';

/** Options of class-transformer, applied in both directions. */
export type SessionSerializerReflectionOptions = Pick<
  ClassTransformOptions,
  /** For classes without a strategy: `'excludeAll'` stores only fields under `@Expose()`. */
  | 'strategy'
  /** In every class, store only fields under `@Expose()`. */
  | 'excludeExtraneousValues'
  /** Groups whose fields are stored. */
  | 'groups'
  /** Version whose fields are stored, by `since` and `until`. */
  | 'version'
  /** An absent exposed field keeps its initial value. Default `true` (class-transformer: `false`). */
  | 'exposeDefaultValues'
>;

/** See `@Session(name, { version })`. */
export interface SessionVersions {
  /** Integer from 1. Default: none is written, and a stored one is kept. */
  readonly version?: number | undefined;
  /** Steps from older versions, in addition to `@Migrate()`. */
  readonly migrations?: readonly SessionMigration[] | undefined;
}

/**
 * Compact JSON according to class-transformer's `@Type`, `@Expose`, `@Exclude` and `@Transform`. Without decorators,
 * plain values, Date, Map, Set, bigint, Buffer, Uint8Array, undefined, NaN and infinities are restored. An instance
 * without `@Type` is read back as a plain object, or rejected if that would lose content.
 *
 * Stored fields that the class lacks are kept. Fields under `@Exclude()` are never stored, unless `toPlainOnly`.
 */
export class SessionSerializerReflection<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: new () => S;
  readonly #remembered = new RememberedFields();
  readonly #reader: ReflectionReader;
  readonly #writer: ReflectionWriter;
  readonly #snapshots: SessionSnapshots<S>;
  readonly #evolution: SessionEvolution | undefined;

  /**
   * @param type read at the first session, so decorators may be applied later.
   * @throws {SessionConfigurationError} for unknown options, a subclass of a built-in such as Map, or if
   * class-transformer is loaded twice.
   */
  constructor(type: new () => S, options: SessionSerializerReflectionOptions = {}, versions: SessionVersions = {}) {
    assertOptions(options);
    assertDecoratorsAreSeen();
    assertOwnFields(type);
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
   * @throws {SessionUnserializableError} for a function, symbol, cycle, more than 100 levels, a class with hidden
   * content (Promise, WeakMap, RegExp, Error, URL, ...), or a getter or `@Transform()` that throws.
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

  /** `undefined` if a `@Transform()`, exposed getter or method, bytes or a dynamic type is involved. */
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

/** Whether a class has private fields and no exposed accessor that could store their content. */
export function losesPrivateFields(type: new () => object): boolean {
  const { problem } = new UncoveredClasses().of(type.prototype as object);
  if (problem === undefined) return false;
  return ![...declarationOf(type, 'write', {}).fields.values()].some(
    ({ key, exposed }) => exposed && key in type.prototype,
  );
}

function assertOwnFields(type: new () => object): void {
  const kind = kindOf(type.prototype as object);
  if (kind === 'class' || kind === 'plain') return;
  throw new SessionConfigurationError(
    `${type.name} extends a built-in class, whose content is not in fields and would not be stored. Keep it in a field of ` +
      'the session, such as items = new Map().',
  );
}

function assertOptions(options: object): void {
  const unknown = Object.keys(options).filter((name) => !(OPTIONS as readonly string[]).includes(name));
  if (unknown.length === 0) return;
  throw new SessionConfigurationError(
    `SessionSerializerReflection: unknown option ${unknown.join(', ')}. Known: ${OPTIONS.join(', ')}. ` +
      'For anything else, use decorators of class-transformer or your own serializer.',
  );
}
