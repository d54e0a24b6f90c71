import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { FieldwiseSessionSerializer } from '../../serializer/session-serializer.js';
import { checkBackwardCompatibleFormat } from './backward-compatible-format-check.js';
import { BackwardCompatibleFormatReader } from './backward-compatible-format-reader.js';
import { BackwardCompatibleFormatWriter } from './backward-compatible-format-writer.js';
import { encodeForm } from './form-encoding.js';
import { joinForm, splitForm } from './form-fields.js';
import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { Unwritable } from './unwritable.js';

/** Options of {@link KotlinxBackwardCompatibleSessionSerializer}. */
export interface KotlinxBackwardCompatibleSessionSerializerOptions {
  /**
   * The Ktor serializer that reads the text. `reflection` (default): its reflection serializer, and this class.
   * `kotlinx`: the one of this name; values that it misreads are rejected (an empty list, null in a collection, some
   * characters in lists and maps, keys that differ in case).
   */
  readonly readBy?: 'reflection' | 'kotlinx';
}

/**
 * Ktor's `KotlinxBackwardCompatibleSessionSerializer` (since 2.2): like the reflection format, in declaration order,
 * with sets as lists.
 *
 * The constructor rejects types that no Ktor reader reads back: sealed or nested collections, and an object that is not
 * the last field. Strings in a list are encoded once, because Ktor cannot read back its double encoding.
 */
export class KotlinxBackwardCompatibleSessionSerializer<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: KotlinClass<S>;
  readonly #plans = new KotlinClassPlans();
  readonly #writer: BackwardCompatibleFormatWriter;
  readonly #reader = new BackwardCompatibleFormatReader(this.#plans);

  /** @throws {SessionConfigurationError} for a field of unknown or unsupported type. */
  constructor(type: KotlinClass<S>, options: KotlinxBackwardCompatibleSessionSerializerOptions = {}) {
    const { readBy = 'reflection' } = options;
    if (readBy !== 'reflection' && readBy !== 'kotlinx') {
      throw new SessionConfigurationError("readBy must be 'reflection' or 'kotlinx'.");
    }
    this.#writer = new BackwardCompatibleFormatWriter(this.#plans, readBy === 'kotlinx');
    this.#type = type;
    checkBackwardCompatibleFormat(this.#plans, type);
    const { isObject, isValueClass } = this.#plans.of(type);
    if (isObject || isValueClass) {
      throw new SessionConfigurationError(
        `${type.name}: this format cannot write an object or a value class as a session.`,
      );
    }
  }

  /** @throws {SessionUnserializableError} with the field. */
  serialize(session: S): string {
    try {
      return this.#writer.write(this.#type, session);
    } catch (error) {
      throw error instanceof Unwritable ? error.toError(this.#type.name) : error;
    }
  }

  deserialize(text: string): S {
    return this.#reader.read(this.#type, text) as S;
  }

  split(text: string): Map<string, string> {
    return splitForm(text);
  }

  join(fields: ReadonlyMap<string, string>): string {
    return joinForm(fields);
  }

  nameOf(property: string): string {
    const field = this.#plans.of(this.#type).fields.find((one) => one.property === property);
    return encodeForm(field?.serialName ?? property);
  }
}
