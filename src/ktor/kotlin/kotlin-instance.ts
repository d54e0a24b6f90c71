import type { KotlinClassPlan, KotlinClassPlans } from './kotlin-class-plan.js';
import type { KotlinClass } from './kotlin-shape.js';
import { Unwritable } from '../formats/unwritable.js';

/**
 * How deep classes may stand in each other in the text formats, in both directions: a chain of a recursive class ends
 * somewhere, and every level is decoded once more.
 */
export const DEEPEST = 12;
/** The same in JSON, which is read in one pass. */
export const DEEPEST_IN_JSON = 64;

/**
 * The plan of a value's own class.
 * @throws {Unwritable} for what is no instance of `expected`, or of a class below it where it is sealed; for a cycle;
 *   and for a field that is not declared, since it would be lost.
 */
export function planOfInstance(
  plans: KotlinClassPlans,
  expected: KotlinClass,
  value: unknown,
  depth: number,
  deepest = DEEPEST,
): KotlinClassPlan {
  if (depth > deepest) throw new Unwritable(`it is nested deeper than ${deepest} levels, or in itself`);
  const type = classOf(value);
  const isExpected = type === expected || (type !== undefined && isBelow(plans, expected, type));
  if (type === undefined || !isExpected) {
    throw new Unwritable(
      `it is ${value === null || value === undefined ? String(value) : `no instance of ${expected.name}`}`,
      `Store one made by \`new ${expected.name}()\`, or declare the class in @Sealed.`,
    );
  }
  const plan = plans.of(type);
  if (plan.subclasses) throw new Unwritable(`${type.name} is sealed, so that it has no instances of its own`);
  for (const property of Object.keys(value as object)) {
    if (plan.knows(property) || (value as Record<string, unknown>)[property] === undefined) continue;
    throw new Unwritable(
      'its Kotlin type is not declared',
      'Write it over the field, such as @int(), or @Transient() to leave the field out.',
    ).within(`.${property}`);
  }
  return plan;
}

function classOf(value: unknown): KotlinClass | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  return typeof prototype?.constructor === 'function' ? (prototype.constructor as KotlinClass) : undefined;
}

function isBelow(plans: KotlinClassPlans, sealed: KotlinClass, type: KotlinClass): boolean {
  const subclasses = plans.of(sealed).subclasses ?? [];
  return subclasses.some((subclass) => subclass === type || isBelow(plans, subclass, type));
}

/** The concrete classes below a sealed one, at any depth; the class itself where it is not sealed. */
export function concreteClasses(plans: KotlinClassPlans, type: KotlinClass): readonly KotlinClassPlan[] {
  const plan = plans.of(type);
  return plan.subclasses ? plan.subclasses.flatMap((subclass) => concreteClasses(plans, subclass)) : [plan];
}
