import { SessionConfigurationError } from '../../errors/session.errors.js';
import { decodeQuery, encodeForm, MAX_PAIRS } from './form-encoding.js';
import type { KotlinClassPlan, KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { describeShape, isScalar, withoutNull, type KotlinClass, type KotlinShape } from '../kotlin/kotlin-shape.js';

const SELF_DESCRIBING: ReadonlySet<string> = new Set([
  'string',
  'int',
  'long',
  'double',
  'boolean',
  'char',
  'bigDecimal',
  'bigInteger',
]);

export function checkReflectionFormat(
  plans: KotlinClassPlans,
  type: KotlinClass,
  seen: Set<KotlinClass> = new Set(),
): void {
  if (seen.has(type)) return;
  seen.add(type);
  const plan = plans.of(type);
  for (const subclass of plan.subclasses ?? []) checkReflectionFormat(plans, subclass, seen);
  checkFormNames(
    type.name,
    plan.fields.map(({ property }) => property),
  );
  for (const { property, shape } of plan.fields) {
    const problem = problemOf(shape);
    if (problem !== undefined) refuse(plan, property, shape, problem);
    const held = withoutNull(shape);
    if (held.kind === 'class') checkReflectionFormat(plans, held.type(), seen);
  }
}

function problemOf(shape: KotlinShape): string | undefined {
  const held = withoutNull(shape);
  if (held.kind === 'byte' || held.kind === 'short') return 'Ktor loses a Byte or Short. Use Int';
  if (held.kind === 'float') return shape.kind === 'nullable' ? 'a Float? cannot be read. Use Double?' : undefined;
  if (isScalar(held) || held.kind === 'class') return undefined;
  switch (held.kind) {
    case 'list':
    case 'set':
      return elementProblem(held.element);
    case 'map':
      if (held.key.kind === 'nullable') return 'a key cannot be null';
      return elementProblem(held.key) ?? elementProblem(held.value);
    case 'optional':
      return SELF_DESCRIBING.has(held.of.kind) ? undefined : 'Ktor reads an Optional of this type as another type';
    case 'nullable':
      return undefined;
  }
}

function elementProblem(element: KotlinShape): string | undefined {
  const held = withoutNull(element);
  if (held.kind === 'float') return 'Ktor reads its Floats as Doubles. Use Double';
  if (!isScalar(held)) return 'collections may contain simple values only. Move the inner ones into a class';
  return problemOf(held);
}

function refuse(plan: KotlinClassPlan, property: string, shape: KotlinShape, problem: string): never {
  throw new SessionConfigurationError(
    `${plan.type.name}.${property}: Ktor's reflection format cannot represent ${describeShape(shape)}: ${problem}.`,
  );
}

export function checkFormNames(type: string, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const refuse = (problem: string): never => {
      throw new SessionConfigurationError(`${type}.${name}: ${problem} in Ktor's text format. Rename the field.`);
    };
    if (/\p{Surrogate}/u.test(name) || decodeQuery(encodeForm(name)) !== name) refuse('a name with a space is lost');
    if (name === '$type') refuse('the name is reserved for sealed classes');
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) refuse(`it differs from ${other} only in case, so one of them is lost`);
    seen.set(name.toLowerCase(), name);
  }
  if (names.length > MAX_PAIRS) {
    throw new SessionConfigurationError(`${type} has more than ${MAX_PAIRS} fields. Ktor reads no more.`);
  }
}
