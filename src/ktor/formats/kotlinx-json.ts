import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { checkJsonFormat } from './json-format-check.js';
import { JsonFormatReader } from './json-format-reader.js';
import { JsonFormatWriter } from './json-format-writer.js';
import { parseJson } from './json-node.js';
import type { KotlinxJsonOptions } from './kotlinx-json-options.js';
import { writeSession } from './format-errors.js';

/** kotlinx's `StringFormat`, bound to a class. */
export interface StringFormat {
  /** @throws {SessionConfigurationError} for an unsupported type. */
  bind<T extends object>(type: KotlinClass<T>): BoundStringFormat<T>;
}

export interface BoundStringFormat<T extends object> {
  /** @throws {SessionUnserializableError} */
  encodeToString(value: T): string;
  decodeFromString(text: string): T;
}

/** Ktor's default since 3.0: compact, in declaration order, numbers as in Java (`1.0E7`). */
export class KotlinxJson implements StringFormat {
  readonly #options: Required<KotlinxJsonOptions>;

  constructor(options: KotlinxJsonOptions = {}) {
    this.#options = {
      encodeDefaults: options.encodeDefaults ?? false,
      explicitNulls: options.explicitNulls ?? true,
      ignoreUnknownKeys: options.ignoreUnknownKeys ?? false,
      classDiscriminator: options.classDiscriminator ?? 'type',
    };
  }

  bind<T extends object>(type: KotlinClass<T>): BoundStringFormat<T> {
    const plans = new KotlinClassPlans();
    checkJsonFormat(plans, type, this.#options.classDiscriminator);
    const writer = new JsonFormatWriter(plans, this.#options);
    const reader = new JsonFormatReader(plans, this.#options);
    return {
      encodeToString: (value) => writeSession(type, () => writer.write(type, value)),
      decodeFromString: (text) => reader.read(type, parseJson(text)) as T,
    };
  }
}
