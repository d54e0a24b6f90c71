import { Exclude } from 'class-transformer';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import { declareForClassTransformer, type NamedSubclass } from './class-transformer-type.js';
import type { KotlinClass, KotlinShape } from './kotlin-shape.js';

export interface DeclaredField {
  readonly shape: KotlinShape;
  readonly hasDefault: boolean;
}

interface Declaration {
  readonly fields: Map<string, DeclaredField>;
  readonly serialNames: Map<string, string>;
  readonly transients: Set<string>;
  serialName?: string;
  simpleName?: string;
  sealed?: () => readonly KotlinClass[];
  isObject?: boolean;
  isValueClass?: boolean;
}

// The package may be loaded twice.
const DECLARATION = Symbol.for('nestjs-sessions:kotlin');

export function declarationOf(type: KotlinClass): Readonly<Declaration> | undefined {
  return Object.hasOwn(type, DECLARATION) ? (type as { [DECLARATION]?: Declaration })[DECLARATION] : undefined;
}

export function declareField(target: object, property: string | symbol, field: DeclaredField): void {
  const type = target.constructor as KotlinClass;
  const name = fieldNameOf(type, property);
  ownDeclaration(type).fields.set(name, { shape: field.shape, hasDefault: field.hasDefault });
  declareForClassTransformer(target, name, field.shape, subclassesOf);
}

/** Declares fields in Kotlin's order, without decorators: `kotlinFields(CartSession, { userId: string() })`. */
export function kotlinFields<T extends object>(
  type: KotlinClass<T>,
  fields: { readonly [K in keyof T]?: DeclaredField },
): void {
  for (const [property, field] of Object.entries<DeclaredField | undefined>(fields)) {
    if (typeof field?.shape !== 'object') {
      throw new SessionConfigurationError(`${type.name}.${property}: write a Kotlin type, such as string().`);
    }
    declareField(type.prototype as object, property, field);
  }
}

/**
 * Kotlin's `@SerialName`. Kotlin's default for a subclass of a sealed class is qualified: `com.example.Shape.Circle`.
 */
export function SerialName(name: string): ClassDecorator & PropertyDecorator {
  return (target: object, property?: string | symbol): void => {
    if (property === undefined) ownDeclaration(target as KotlinClass).serialName = name;
    else {
      const type = target.constructor as KotlinClass;
      ownDeclaration(type).serialNames.set(fieldNameOf(type, property), name);
    }
  };
}

/** The class's name in Kotlin, if it differs. */
export function SimpleName(name: string): ClassDecorator {
  return (target) => {
    ownDeclaration(target as unknown as KotlinClass).simpleName = name;
  };
}

/** Direct subclasses, which must extend the class here, too. */
export function Sealed(subclasses: () => readonly KotlinClass[]): <T extends KotlinClass>(target: T) => void {
  return (target) => {
    ownDeclaration(target).sealed = subclasses;
  };
}

/** Kotlin's `object`. Read as a new instance. */
export function DataObject(): ClassDecorator {
  return (target) => {
    ownDeclaration(target as unknown as KotlinClass).isObject = true;
  };
}

/** Kotlin's `value class`: the kotlinx formats write its field. */
export function ValueClass(): ClassDecorator {
  return (target) => {
    ownDeclaration(target as unknown as KotlinClass).isValueClass = true;
  };
}

/** A field that Kotlin does not have. Never stored. */
export function Transient(): PropertyDecorator {
  return (target, property) => {
    const type = target.constructor as KotlinClass;
    const name = fieldNameOf(type, property);
    ownDeclaration(type).transients.add(name);
    Exclude()(target, name);
  };
}

function subclassesOf(type: KotlinClass): readonly NamedSubclass[] | undefined {
  return declarationOf(type)
    ?.sealed?.()
    .flatMap((subclass) => {
      const name = declarationOf(subclass)?.simpleName ?? subclass.name;
      return subclassesOf(subclass) ?? [{ name, type: subclass }];
    });
}

function ownDeclaration(type: KotlinClass): Declaration {
  const present = declarationOf(type);
  if (present) return present;
  const value: Declaration = { fields: new Map(), serialNames: new Map(), transients: new Set() };
  Object.defineProperty(type, DECLARATION, { value, configurable: true });
  return value;
}

function fieldNameOf(type: KotlinClass, property: string | symbol): string {
  if (typeof property === 'string' && property !== '__proto__' && property !== '') return property;
  throw new SessionConfigurationError(`${type.name}: this property cannot be a field of a Kotlin class. Rename it.`);
}
