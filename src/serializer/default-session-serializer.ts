import { SessionSerializerReflection } from './session-serializer-reflection.js';
import type { FieldwiseSessionSerializer } from './session-serializer.js';

/**
 * The serializer of a session that has none of its own (Ktor: `defaultSessionSerializer<S>()`). Its text is this
 * library's own; Ktor's formats are in `nestjs-sessions/ktor`.
 */
export function defaultSessionSerializer<S extends object>(type: new () => S): FieldwiseSessionSerializer<S> {
  return new SessionSerializerReflection(type);
}

/** The same by its name in Ktor 1.x (Ktor: `autoSerializerOf<S>()`, deprecated in 1.3, removed in 3.0). */
export function autoSerializerOf<S extends object>(type: new () => S): FieldwiseSessionSerializer<S> {
  return defaultSessionSerializer(type);
}
