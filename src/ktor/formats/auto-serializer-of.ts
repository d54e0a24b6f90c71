import type { KotlinClass } from '../kotlin/kotlin-shape.js';
import { KtorReflectionSessionSerializer } from './reflection-session-serializer.js';

/** Ktor 1.x's `autoSerializerOf<S>()` (removed in 3.0): the reflection format. */
export function autoSerializerOf<S extends object>(type: KotlinClass<S>): KtorReflectionSessionSerializer<S> {
  return new KtorReflectionSessionSerializer(type);
}
