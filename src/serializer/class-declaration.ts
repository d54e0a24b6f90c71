import type { TypeHelpOptions } from 'class-transformer';

export type AnyClass = abstract new (...parameters: never[]) => object;

export type Direction = 'read' | 'write';

export interface ClassDeclaration {
  readonly includesUndeclared: boolean;
  readonly fields: ReadonlyMap<string, FieldDeclaration>;
}

export interface FieldDeclaration {
  /** The stored name on read, the property on write. {@link target} is the other one. */
  readonly key: string;
  readonly target: string;
  readonly isIncluded: boolean;
  /** `@Expose()`: included even if absent. */
  readonly exposed: boolean;
  readonly type: TypeDeclaration | undefined;
  readonly transform: ((value: unknown, holder: object) => unknown) | undefined;
}

export interface TypeDeclaration {
  readonly fixed: boolean;
  resolve(help: TypeHelpOptions): unknown;
  readonly designType: unknown;
  readonly discriminator: Discriminator | undefined;
}

export interface Discriminator {
  readonly property: string;
  readonly subTypes: ReadonlyArray<{ readonly name: string; readonly value: AnyClass }>;
  readonly kept: boolean;
}

/** class-transformer throws on inherited getters without setter. */
export function isAssignable(instance: object, property: string): boolean {
  if (!(property in instance)) return true;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  const declared = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, property);
  if (declared && !declared.set) return false;
  let holder: object | null = instance;
  while (holder !== null && !Object.hasOwn(holder, property)) holder = Object.getPrototypeOf(holder) as object | null;
  const descriptor = holder === null ? undefined : Object.getOwnPropertyDescriptor(holder, property);
  if (descriptor?.set) return true;
  return descriptor?.writable === true && typeof descriptor.value !== 'function';
}
