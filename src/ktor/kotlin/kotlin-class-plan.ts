import { SessionConfigurationError } from '../../errors/session.errors.js';
import { declarationOf } from './kotlin-declaration.js';
import type { KotlinClass, KotlinShape } from './kotlin-shape.js';

export interface KotlinField {
  readonly property: string;
  readonly serialName: string;
  readonly shape: KotlinShape;
  readonly hasDefault: boolean;
  /** Only the reflection format writes it; ignored on read. */
  readonly isComputed: boolean;
}

export interface KotlinClassPlan {
  readonly type: KotlinClass;
  readonly simpleName: string;
  readonly serialName: string;
  readonly fields: readonly KotlinField[];
  readonly subclasses: readonly KotlinClass[] | undefined;
  readonly isSubclassOfSealed: boolean;
  readonly isObject: boolean;
  readonly isValueClass: boolean;
  knows(property: string): boolean;
  create(): Record<string, unknown>;
}

type Construct = new () => Record<string, unknown>;

export class KotlinClassPlans {
  readonly #plans = new Map<KotlinClass, KotlinClassPlan>();

  of(type: KotlinClass): KotlinClassPlan {
    let plan = this.#plans.get(type);
    if (!plan) this.#plans.set(type, (plan = makePlan(type)));
    return plan;
  }
}

function makePlan(type: KotlinClass): KotlinClassPlan {
  if (typeof type !== 'function') {
    throw new SessionConfigurationError('nested() needs a function that returns a class: nested(() => Part).');
  }
  const declaration = declarationOf(type);
  const chain = ancestors(type);
  const transients = new Set(chain.flatMap((one) => [...(declarationOf(one)?.transients ?? [])]));
  const parent = chain.at(-2);
  const subclasses = declaration?.sealed?.();
  checkSubclasses(type, subclasses);
  const fields = subclasses ? [] : fieldsOf(type, chain, transients);
  if (declaration?.isObject && fields.length > 0) refuse(type, 'a @DataObject() must not have stored fields');
  if (declaration?.isValueClass && fields.length !== 1) refuse(type, 'a @ValueClass() must have exactly one field');
  const known = new Set([...transients, ...fields.map(({ property }) => property)]);
  const simpleName = declaration?.simpleName ?? type.name;
  return {
    type,
    simpleName,
    serialName: declaration?.serialName ?? simpleName,
    fields,
    subclasses,
    isSubclassOfSealed: parent !== undefined && declarationOf(parent)?.sealed !== undefined,
    isObject: declaration?.isObject ?? false,
    isValueClass: declaration?.isValueClass ?? false,
    knows: (property) => known.has(property),
    create: () => new (type as unknown as Construct)(),
  };
}

function ancestors(type: KotlinClass): readonly KotlinClass[] {
  const chain: KotlinClass[] = [];
  for (let one: unknown = type; typeof one === 'function' && one !== Function.prototype;) {
    chain.unshift(one as KotlinClass);
    one = Object.getPrototypeOf(one);
  }
  return chain;
}

function fieldsOf(
  type: KotlinClass,
  chain: readonly KotlinClass[],
  transients: ReadonlySet<string>,
): readonly KotlinField[] {
  const serialNames = new Map(chain.flatMap((one) => [...(declarationOf(one)?.serialNames ?? [])]));
  const declared = new Map(chain.flatMap((one) => [...(declarationOf(one)?.fields ?? [])]));
  const fresh = freshInstance(type);
  const seen = Object.keys(fresh).filter((property) => !transients.has(property));
  const inferred = seen.filter((property) => !declared.has(property));
  const isComplete = [...declared.keys()].every((property) => seen.includes(property));
  const order = isComplete ? seen : [...declared.keys(), ...inferred];
  const fields = order.map((property): KotlinField => {
    const { shape, hasDefault } = declared.get(property) ?? {
      shape: inferShape(type, property, fresh),
      hasDefault: false,
    };
    const serialName = serialNames.get(property) ?? property;
    return { property, serialName, shape, hasDefault, isComputed: isComputed(type, property) };
  });
  return fields.filter(({ property }) => !transients.has(property));
}

function freshInstance(type: KotlinClass): Record<string, unknown> {
  try {
    return new (type as unknown as Construct)();
  } catch (cause) {
    throw new SessionConfigurationError(
      `${type.name} cannot be constructed without arguments. Give every constructor parameter a default.`,
      { cause },
    );
  }
}

function inferShape(type: KotlinClass, property: string, fresh: Record<string, unknown>): KotlinShape {
  const value = fresh[property];
  if (typeof value === 'string') return { kind: 'string' };
  if (typeof value === 'boolean') return { kind: 'boolean' };
  const hint =
    typeof value === 'number'
      ? 'the Kotlin type of a number is unknown. Add @int(), @long() or @double() to the field'
      : 'the Kotlin type is unknown. Add it to the field, such as @nullable(string()) or @list(int()), or ' +
        '@Transient() to exclude the field';
  throw new SessionConfigurationError(`${type.name}.${property}: ${hint}.`);
}

function isComputed(type: KotlinClass, property: string): boolean {
  let holder: unknown = type.prototype;
  while (holder !== null && !Object.hasOwn(holder as object, property)) holder = Object.getPrototypeOf(holder);
  const descriptor = holder === null ? undefined : Object.getOwnPropertyDescriptor(holder, property);
  return descriptor?.get !== undefined && descriptor.set === undefined;
}

function checkSubclasses(type: KotlinClass, subclasses: readonly KotlinClass[] | undefined): void {
  for (const subclass of subclasses ?? []) {
    if (typeof subclass === 'function' && Object.getPrototypeOf(subclass) === type) continue;
    refuse(type, `${subclass?.name ?? 'one of its subclasses'} must extend it directly to be in @Sealed(() => […])`);
  }
}

function refuse(type: KotlinClass, problem: string): never {
  throw new SessionConfigurationError(`${type.name}: ${problem}.`);
}
