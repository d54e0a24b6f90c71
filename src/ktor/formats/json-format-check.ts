import { SessionConfigurationError } from '../../errors/session.errors.js';
import { inlinedShape } from '../kotlin/inlined-value.js';
import type { KotlinClassPlan, KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { isScalar, withoutNull, type KotlinClass, type KotlinShape } from '../kotlin/kotlin-shape.js';

export function checkJsonFormat(
  plans: KotlinClassPlans,
  type: KotlinClass,
  discriminator: string,
  seen: Set<KotlinClass> = new Set(),
): void {
  if (seen.has(type)) return;
  seen.add(type);
  const plan = plans.of(type);
  for (const subclass of plan.subclasses ?? []) {
    checkSubclass(plans.of(subclass), discriminator);
    checkJsonFormat(plans, subclass, discriminator, seen);
  }
  const fields = plan.fields.filter(({ isComputed }) => !isComputed);
  const names = new Set(fields.map(({ serialName }) => serialName));
  if (names.size < fields.length) refuse(type.name, 'two fields have the same @SerialName. Rename one of them');
  for (const { property, shape } of fields) {
    const problem = problemOf(plans, shape);
    if (problem !== undefined) refuse(`${type.name}.${property}`, problem);
    for (const held of classesIn(shape)) checkJsonFormat(plans, held, discriminator, seen);
  }
}

function checkSubclass(plan: KotlinClassPlan, discriminator: string): void {
  if (plan.isValueClass) refuse(plan.type.name, 'a value class cannot be a subclass of a sealed class in JSON');
  if (plan.fields.some(({ serialName }) => serialName === discriminator)) {
    refuse(plan.type.name, `field "${discriminator}" has the name of the discriminator. Rename it with @SerialName`);
  }
}

function problemOf(plans: KotlinClassPlans, shape: KotlinShape): string | undefined {
  const held = withoutNull(shape);
  if (isScalar(held) || held.kind === 'class') return undefined;
  switch (held.kind) {
    case 'list':
    case 'set':
      return problemOf(plans, held.element);
    case 'map':
      if (!isScalar(inlinedShape(plans, held.key))) return 'a map key in JSON must be a simple value';
      return problemOf(plans, held.value);
    case 'optional':
      return 'kotlinx has no Optional. Use nullable()';
    case 'nullable':
      return undefined;
  }
}

function classesIn(shape: KotlinShape): readonly KotlinClass[] {
  if (isScalar(shape)) return [];
  switch (shape.kind) {
    case 'class':
      return [shape.type()];
    case 'list':
    case 'set':
      return classesIn(shape.element);
    case 'map':
      return [...classesIn(shape.key), ...classesIn(shape.value)];
    case 'nullable':
    case 'optional':
      return classesIn(shape.of);
  }
}

function refuse(place: string, problem: string): never {
  throw new SessionConfigurationError(`${place}: kotlinx Json cannot write it: ${problem}.`);
}
