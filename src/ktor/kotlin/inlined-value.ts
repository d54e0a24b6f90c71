import type { KotlinClassPlan, KotlinClassPlans } from './kotlin-class-plan.js';
import { planOfInstance } from './kotlin-instance.js';
import type { KotlinShape } from './kotlin-shape.js';

export function valueClassOf(plans: KotlinClassPlans, shape: KotlinShape): KotlinClassPlan | undefined {
  if (shape.kind !== 'class') return undefined;
  const plan = plans.of(shape.type());
  return plan.isValueClass ? plan : undefined;
}

export function inlinedShape(plans: KotlinClassPlans, shape: KotlinShape): KotlinShape {
  if (shape.kind === 'nullable') {
    const of = inlinedShape(plans, shape.of);
    return of.kind === 'nullable' ? of : { kind: 'nullable', of };
  }
  const plan = valueClassOf(plans, shape);
  return plan ? inlinedShape(plans, plan.fields[0]!.shape) : shape;
}

export function unwrapped(
  plans: KotlinClassPlans,
  plan: KotlinClassPlan,
  value: unknown,
  depth: number,
  deepest?: number,
): unknown {
  planOfInstance(plans, plan.type, value, depth, deepest);
  return (value as Record<string, unknown>)[plan.fields[0]!.property];
}

export function wrapped(plan: KotlinClassPlan, content: unknown): object {
  const instance = plan.create();
  instance[plan.fields[0]!.property] = content;
  return instance;
}
