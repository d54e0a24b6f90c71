import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { checkJsonFormat } from './json-format-check.js';
import { JsonFormatReader } from './json-format-reader.js';
import { JsonFormatWriter } from './json-format-writer.js';
import { parseJson } from './json-node.js';
import type { KotlinxJsonOptions } from './kotlinx-json-options.js';
import { Unwritable } from './unwritable.js';

/** kotlinx's `StringFormat`, bound to a class. */
export interface StringFormat {
  /** @throws {SessionConfigurationError} if the format cannot represent the class or a field. */
  bind<T extends object>(type: KotlinClass<T>): BoundStringFormat<T>;
}

export interface BoundStringFormat<T extends object> {
  /** @throws {SessionUnserializableError} with the field. */
  encodeToString(value: T): string;
  /** @throws any error for an unreadable text. */
  decodeFromString(text: string): T;
}

/**
 * kotlinx `Json`, Ktor's default since 3.0: compact, in declaration order, numbers as Java writes them (`1.0`,
 * `1.0E7`).
 */
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
      encodeToString: (value) => {
        try {
          return writer.write(type, value);
        } catch (error) {
          throw error instanceof Unwritable ? error.toError(type.name) : error;
        }
      },
      decodeFromString: (text) => reader.read(type, parseJson(text)) as T,
    };
  }
}
