import { joinFields, splitFields } from '../../serializer/json-text.js';
import type { FieldwiseSessionSerializer, SessionSerializer } from '../../serializer/session-serializer.js';
import { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { KotlinxJson, type BoundStringFormat, type StringFormat } from './kotlinx-json.js';

/** Since Ktor 2.2. Default format: JSON. */
export class KotlinxSessionSerializer<S extends object> implements SessionSerializer<S> {
  readonly #format: BoundStringFormat<S>;

  /** @throws {SessionConfigurationError} for an unsupported type. */
  constructor(type: KotlinClass<S>, format: StringFormat = new KotlinxJson()) {
    this.#format = format.bind(type);
  }

  serialize(session: S): string {
    return this.#format.encodeToString(session);
  }

  deserialize(text: string): S {
    return this.#format.decodeFromString(text);
  }
}

class JsonSessionSerializer<S extends object>
  extends KotlinxSessionSerializer<S>
  implements FieldwiseSessionSerializer<S>
{
  readonly #type: KotlinClass<S>;
  readonly #plans = new KotlinClassPlans();

  constructor(type: KotlinClass<S>) {
    super(type);
    this.#type = type;
  }

  split(text: string): Map<string, string> {
    return splitFields(text);
  }

  join(fields: ReadonlyMap<string, string>): string {
    return joinFields(fields);
  }

  nameOf(property: string): string {
    const field = this.#plans.of(this.#type).fields.find((one) => one.property === property);
    return field?.serialName ?? property;
  }
}

/** Ktor's default since 3.0: JSON. */
export function defaultSessionSerializer<S extends object>(type: KotlinClass<S>): FieldwiseSessionSerializer<S> {
  return new JsonSessionSerializer(type);
}
