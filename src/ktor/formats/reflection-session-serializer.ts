import type { FieldwiseSessionSerializer } from '../../serializer/session-serializer.js';
import { encodeForm, joinForm, splitForm } from './form-encoding.js';
import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { Parameters } from './parameters.js';
import { checkReflectionFormat } from './reflection-format-check.js';
import { ReflectionFormatReader } from './reflection-format-reader.js';
import { ReflectionFormatWriter } from './reflection-format-writer.js';
import { writeSession } from './format-errors.js';

export interface KtorReflectionSessionSerializerOptions {
  /** `literal`: `=` in values is unescaped, as in Ktor 1.4.3 to 1.5.x. Both are read. Default `escaped`. */
  readonly equals?: 'escaped' | 'literal';
}

/**
 * Ktor's reflection format, the default of 1.x and 2.x: `name=%23sJohn&visits=%23i3`, sorted by name, with a tag for
 * the Kotlin type. Types of strings and booleans are inferred from initial values.
 *
 * Rejects what Ktor writes but cannot read back: in the constructor by type (lists of lists, `Float?`), on write by
 * content (null for a list). Encodes `&` in collections and `=` in keys, as Ktor reads them.
 */
export class KtorReflectionSessionSerializer<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: KotlinClass<S>;
  readonly #writer: ReflectionFormatWriter;
  readonly #reader: ReflectionFormatReader;
  readonly #isParameters: boolean;

  /** @throws {SessionConfigurationError} for an unsupported type. */
  constructor(type: KotlinClass<S>, options: KtorReflectionSessionSerializerOptions = {}) {
    const plans = new KotlinClassPlans();
    this.#type = type;
    this.#isParameters = (type as unknown) === Parameters;
    if (!this.#isParameters) checkReflectionFormat(plans, type);
    this.#writer = new ReflectionFormatWriter(plans, options.equals ?? 'escaped');
    this.#reader = new ReflectionFormatReader(plans);
  }

  serialize(session: S): string {
    if (this.#isParameters) return (session as unknown as Parameters).formUrlEncode();
    return writeSession(this.#type, () => this.#writer.write(this.#type, session));
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

export function reflectionSessionSerializer<S extends object>(
  type: KotlinClass<S>,
  options: KtorReflectionSessionSerializerOptions = {},
): KtorReflectionSessionSerializer<S> {
  return new KtorReflectionSessionSerializer(type, options);
}

export function autoSerializerOf<S extends object>(type: KotlinClass<S>): KtorReflectionSessionSerializer<S> {
  return new KtorReflectionSessionSerializer(type);
}
