import { SessionConfigurationError } from '../../errors/session.errors.js';
import { checkFormNames } from './reflection-format-check.js';
import { inlinedShape } from '../kotlin/inlined-value.js';
import type { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { describeShape, isScalar, withoutNull, type KotlinClass, type KotlinShape } from '../kotlin/kotlin-shape.js';

export function checkBackwardCompatibleFormat(
  plans: KotlinClassPlans,
  type: KotlinClass,
  seen: Set<KotlinClass> = new Set(),
): void {
  if (seen.has(type)) return;
  seen.add(type);
  const plan = plans.of(type);
  for (const subclass of plan.subclasses ?? []) checkBackwardCompatibleFormat(plans, subclass, seen);
  const fields = plan.fields.filter(({ isComputed }) => !isComputed);
  checkFormNames(
    type.name,
    fields.map(({ serialName }) => serialName),
  );
  fields.forEach(({ property, shape }, index) => {
    const seenShape = inlinedShape(plans, shape);
    const held = withoutNull(seenShape);
    const problem =
      problemOf(plans, held) ??
      (seenShape.kind === 'class' && index < fields.length - 1
        ? 'Ktor loses the fields after an object. Move it to the end'
        : undefined);
    if (problem !== undefined) {
      throw new SessionConfigurationError(
        `${type.name}.${property}: Ktor's kotlinx text format cannot represent ${describeShape(shape)}: ${problem}.`,
      );
    }
    if (held.kind === 'class') checkBackwardCompatibleFormat(plans, held.type(), seen);
  });
}

function problemOf(plans: KotlinClassPlans, held: KotlinShape): string | undefined {
  if (held.kind === 'byte' || held.kind === 'short') return 'Ktor loses a Byte or Short. Use Int';
  if (isScalar(held)) return undefined;
  switch (held.kind) {
    case 'list':
    case 'set':
      return elementProblem(plans, held.element);
    case 'map':
      return elementProblem(plans, held.key) ?? elementProblem(plans, held.value);
    case 'class': {
      const { subclasses, isObject } = plans.of(held.type());
      return subclasses || isObject ? 'Ktor cannot read a sealed class or an object there' : undefined;
    }
    case 'optional':
      return 'kotlinx has no Optional. Use nullable()';
    case 'nullable':
      return undefined;
  }
}

function elementProblem(plans: KotlinClassPlans, element: KotlinShape): string | undefined {
  const held = withoutNull(inlinedShape(plans, element));
  if (isScalar(held)) return problemOf(plans, held);
  return 'collections may contain simple values only. Move the inner ones into a class';
}
