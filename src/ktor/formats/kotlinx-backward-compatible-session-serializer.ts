import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { FieldwiseSessionSerializer } from '../../serializer/session-serializer.js';
import { checkBackwardCompatibleFormat } from './backward-compatible-format-check.js';
import { BackwardCompatibleFormatReader } from './backward-compatible-format-reader.js';
import { BackwardCompatibleFormatWriter } from './backward-compatible-format-writer.js';
import { encodeForm, joinForm, splitForm } from './form-encoding.js';
import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { writeSession } from './format-errors.js';

export interface KotlinxBackwardCompatibleSessionSerializerOptions {
  /**
   * Ktor's serializer that reads the text. `kotlinx`: values that it misreads are rejected, such as an empty list or
   * null in a collection. Default `reflection`.
   */
  readonly readBy?: 'reflection' | 'kotlinx';
}

/** Since Ktor 2.2: the reflection format, in declaration order, with sets as lists. */
export class KotlinxBackwardCompatibleSessionSerializer<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: KotlinClass<S>;
  readonly #plans = new KotlinClassPlans();
  readonly #writer: BackwardCompatibleFormatWriter;
  readonly #reader = new BackwardCompatibleFormatReader(this.#plans);

  /**
   * @throws {SessionConfigurationError} for a type that Ktor cannot read back: sealed or nested collections, or an
   * object before the last field.
   */
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

  serialize(session: S): string {
    return writeSession(this.#type, () => this.#writer.write(this.#type, session));
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
