import type { KotlinClassPlan, KotlinClassPlans } from './kotlin-class-plan.js';
import type { KotlinClass } from './kotlin-shape.js';
import { Unwritable } from '../formats/format-errors.js';

/** The text formats decode each level again. */
export const MAX_DEPTH = 12;
export const MAX_DEPTH_IN_JSON = 64;

export function planOfInstance(
  plans: KotlinClassPlans,
  expected: KotlinClass,
  value: unknown,
  depth: number,
  deepest = MAX_DEPTH,
): KotlinClassPlan {
  if (depth > deepest) throw new Unwritable(`it is nested more than ${deepest} levels deep, or contains itself`);
  const type = classOf(value);
  const isExpected = type === expected || (type !== undefined && isSubclass(plans, expected, type));
  if (type === undefined || !isExpected) {
    throw new Unwritable(
      `it is ${value === null || value === undefined ? String(value) : `not an instance of ${expected.name}`}`,
      `Store one made by \`new ${expected.name}()\`, or declare the class in @Sealed.`,
    );
  }
  const plan = plans.of(type);
  if (plan.subclasses) throw new Unwritable(`${type.name} is sealed, so it cannot have instances`);
  for (const property of Object.keys(value as object)) {
    if (plan.knows(property) || (value as Record<string, unknown>)[property] === undefined) continue;
    throw new Unwritable(
      'its Kotlin type is not declared',
      'Add it to the field, such as @int(), or exclude the field with @Transient().',
    ).within(`.${property}`);
  }
  return plan;
}

function classOf(value: unknown): KotlinClass | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  return typeof prototype?.constructor === 'function' ? (prototype.constructor as KotlinClass) : undefined;
}

function isSubclass(plans: KotlinClassPlans, sealed: KotlinClass, type: KotlinClass): boolean {
  const subclasses = plans.of(sealed).subclasses ?? [];
  return subclasses.some((subclass) => subclass === type || isSubclass(plans, subclass, type));
}

export function concreteClasses(plans: KotlinClassPlans, type: KotlinClass): readonly KotlinClassPlan[] {
  const plan = plans.of(type);
  return plan.subclasses ? plan.subclasses.flatMap((subclass) => concreteClasses(plans, subclass)) : [plan];
}

export function elementsOf(kind: 'list' | 'set', value: unknown): readonly unknown[] {
  if (kind === 'set') {
    if (value instanceof Set) return [...value];
    throw new Unwritable('a Set must be a Set');
  }
  if (Array.isArray(value)) return value;
  throw new Unwritable('a List must be an array');
}

export function entriesOf(value: unknown): ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return value;
  throw new Unwritable('a Map must be a Map');
}
