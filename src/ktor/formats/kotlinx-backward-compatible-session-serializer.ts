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
   * Who reads the text on the Ktor server. `reflection` (the default): its reflection serializer; this class reads it
   * too. `kotlinx`: the serializer of this name, which takes an empty list for `[""]`, changes `&` and `%` in a list and
   * `&`, `=`, `+` in a map, merges keys that differ in case, and loses a null: such values are refused.
   */
  readonly readBy?: 'reflection' | 'kotlinx';
}

/**
 * Ktor's `KotlinxBackwardCompatibleSessionSerializer` (since 2.2): kotlinx serialization into a text like the
 * reflection format's, in declaration order, sets as lists, without types that kotlinx has not.
 *
 * Types that no Ktor reader reads back are refused at construction: a sealed or nested collection, an object that is
 * not the last field. Texts in a list are encoded once, where Ktor encodes them twice and does not read that back. Read
 * are both.
 */
export class KotlinxBackwardCompatibleSessionSerializer<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: KotlinClass<S>;
  readonly #plans = new KotlinClassPlans();
  readonly #writer: BackwardCompatibleFormatWriter;
  readonly #reader = new BackwardCompatibleFormatReader(this.#plans);

  /** @throws {SessionConfigurationError} for a field whose type is not known, or that the format cannot hold. */
  constructor(type: KotlinClass<S>, options: KotlinxBackwardCompatibleSessionSerializerOptions = {}) {
    const { readBy = 'reflection' } = options;
    if (readBy !== 'reflection' && readBy !== 'kotlinx') {
      throw new SessionConfigurationError("readBy is one of 'reflection', 'kotlinx'.");
    }
    this.#writer = new BackwardCompatibleFormatWriter(this.#plans, readBy === 'kotlinx');
    this.#type = type;
    checkBackwardCompatibleFormat(this.#plans, type);
    const { isObject, isValueClass } = this.#plans.of(type);
    if (isObject || isValueClass) {
      throw new SessionConfigurationError(
        `${type.name}: this format cannot write an object or a value class by itself.`,
      );
    }
  }

  /** @throws {SessionUnserializableError} that names the field. */
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
