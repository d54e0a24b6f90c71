import type { ClassTransformOptions } from 'class-transformer';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { AnyClass, TypeDeclaration } from './class-declaration.js';
import { assertDecoratorsAreSeen, declarationOf, storedNameOf } from './class-transformer-metadata.js';
import { joinFields, splitFields } from './json-text.js';
import { ReflectionReader } from './reflection-reader.js';
import { ReflectionWriter } from './reflection-writer.js';
import { RememberedFields } from './fast/remembered-fields.js';
import { SessionEvolution, versionOfText } from './session-evolution.js';
import type { SessionMigration } from './migrate.decorator.js';
import type { FieldwiseSessionSerializer, SessionSnapshot } from './session-serializer.js';
import { SessionSnapshots } from './fast/session-snapshot.js';
import { fixedTypesOf, subTypesOf } from './typed-value.js';
import { UndeclaredClasses } from './undeclared-class.js';
import { UnwritableValue } from './unwritable-value.js';
import { isFieldClass, kindOf } from './value-kind.js';

/** In both directions. */
export type SessionSerializerReflectionOptions = Pick<
  ClassTransformOptions,
  /** For classes without a strategy. */
  | 'strategy'
  /** Only `@Expose()` fields are stored. */
  | 'excludeExtraneousValues'
  | 'groups'
  /** Compared with `since` and `until`. */
  | 'version'
  /** An absent exposed field keeps its initial value. Default `true`. */
  | 'exposeDefaultValues'
>;

export interface SessionVersions {
  /** From 1. Default: the stored one is kept. */
  readonly version?: number | undefined;
  /** In addition to `@Migrate()`. */
  readonly migrations?: readonly SessionMigration[] | undefined;
}

/**
 * JSON according to class-transformer's decorators. Date, Map, Set, bigint, Buffer, Uint8Array, undefined, NaN and
 * infinities are restored without them. An instance without `@Type` becomes a plain object, or is rejected if that
 * would lose content. Stored fields that the class lacks are kept.
 */
export class SessionSerializerReflection<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: new () => S;
  readonly #remembered = new RememberedFields();
  readonly #reader: ReflectionReader;
  readonly #writer: ReflectionWriter;
  readonly #snapshots: SessionSnapshots<S>;
  readonly #evolution: SessionEvolution | undefined;

  /**
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
   * @throws {SessionUnserializableError} for a function, symbol, cycle, more than 100 levels, hidden content (Promise,
   * RegExp, Error, URL), or a getter that throws.
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
    return this.#reader.read(this.#type, start > 0 ? text : this.#evolution.upgrade(text), start);
  }

  isNewer(text: string): boolean {
    try {
      return versionOfText(text) > (this.#evolution?.version ?? 1);
    } catch {
      return false;
    }
  }

  capture(session: S): SessionSnapshot<S> | undefined {
    return this.#snapshots.capture(session);
  }

  split(text: string): Map<string, string> {
    const isOther = this.#evolution && this.#evolution.startOf(text) === 0;
    return splitFields(isOther ? this.#evolution.upgrade(text) : text);
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

/** A class, or one under its `@Type()`, that has private fields and no exposed accessor that could store their content. */
export function classThatLosesPrivateFields(type: AnyClass, seen = new Set<unknown>()): AnyClass | undefined {
  seen.add(type);
  const fields = [...declarationOf(type, 'write', {}).fields.values()];
  const { problem } = new UndeclaredClasses().of(type.prototype as object);
  if (problem !== undefined && !fields.some(({ key, exposed }) => exposed && key in type.prototype)) return type;
  for (const { key, isIncluded, transform, type: declared } of fields) {
    if (!isIncluded || transform) continue;
    for (const each of classesOf(declared, key)) {
      const found = isFieldClass(each) && !seen.has(each) ? classThatLosesPrivateFields(each, seen) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

function classesOf(declared: TypeDeclaration | undefined, property: string): readonly unknown[] {
  if (!declared?.fixed) return [];
  try {
    return fixedTypesOf(declared, property);
  } catch {
    // A class that is declared later.
    return subTypesOf(declared);
  }
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
