import type { FieldwiseSessionSerializer } from '../../serializer/session-serializer.js';
import { encodeForm } from './form-encoding.js';
import { joinForm, splitForm } from './form-fields.js';
import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { Parameters } from './parameters.js';
import { checkReflectionFormat } from './reflection-format-check.js';
import { ReflectionFormatReader } from './reflection-format-reader.js';
import { ReflectionFormatWriter } from './reflection-format-writer.js';
import { Unwritable } from './unwritable.js';

/** Options of {@link KtorReflectionSessionSerializer}. */
export interface KtorReflectionSessionSerializerOptions {
  /** `literal`: writes `=` in values unescaped, like Ktor 1.4.3 to 1.5.x. Both are read. Default `escaped`. */
  readonly equals?: 'escaped' | 'literal';
}

/**
 * Ktor's reflection format: the default of Ktor 1.x and 2.x, `reflectionSessionSerializer()` in 3.x (before 3.0:
 * `SessionSerializerReflection`).
 *
 * `name=%23sJohn&visits=%23i3`: pairs sorted by name, with a tag for the Kotlin type, declared by decorators. Types of
 * strings and booleans are inferred from initial values.
 *
 * Rejects what Ktor writes but cannot read back: by type in the constructor (lists of lists, `Float?`, names that
 * differ only in case), by content on write (`&` in a list, `=` in a key, null for a collection). Reads like Ktor,
 * except that a `defaulted()` field may be missing.
 */
export class KtorReflectionSessionSerializer<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: KotlinClass<S>;
  readonly #writer: ReflectionFormatWriter;
  readonly #reader: ReflectionFormatReader;
  readonly #isParameters: boolean;

  /** @throws {SessionConfigurationError} for a field of unknown or unsupported type. */
  constructor(type: KotlinClass<S>, options: KtorReflectionSessionSerializerOptions = {}) {
    const plans = new KotlinClassPlans();
    this.#type = type;
    this.#isParameters = (type as unknown) === Parameters;
    if (!this.#isParameters) checkReflectionFormat(plans, type);
    this.#writer = new ReflectionFormatWriter(plans, options.equals ?? 'escaped');
    this.#reader = new ReflectionFormatReader(plans);
  }

  /** @throws {SessionUnserializableError} with the field. */
  serialize(session: S): string {
    if (this.#isParameters) return (session as unknown as Parameters).formUrlEncode();
    try {
      return this.#writer.write(this.#type, session);
    } catch (error) {
      throw error instanceof Unwritable ? error.toError(this.#type.name) : error;
    }
  }

  deserialize(text: string): S {
    return (this.#isParameters ? Parameters.parse(text) : this.#reader.read(this.#type, text)) as S;
  }

  split(text: string): Map<string, string> {
    return splitForm(text);
  }

  join(fields: ReadonlyMap<string, string>): string {
    return joinForm(fields);
  }

  nameOf(property: string): string {
    return encodeForm(property);
  }
}

/** Ktor's `reflectionSessionSerializer<S>()`. */
export function reflectionSessionSerializer<S extends object>(
  type: KotlinClass<S>,
  options: KtorReflectionSessionSerializerOptions = {},
): KtorReflectionSessionSerializer<S> {
  return new KtorReflectionSessionSerializer(type, options);
}

/** Ktor 1.x's `autoSerializerOf<S>()` (removed in 3.0): the reflection format. */
export function autoSerializerOf<S extends object>(type: KotlinClass<S>): KtorReflectionSessionSerializer<S> {
  return new KtorReflectionSessionSerializer(type);
}
