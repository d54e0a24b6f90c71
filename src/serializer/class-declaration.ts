import type { TypeHelpOptions } from 'class-transformer';

/** A class as the decorators see it: what `@Type` returns, what metadata is kept for. */
export type AnyClass = abstract new (...parameters: never[]) => object;

/** From text to instance, or from instance to text. */
export type Direction = 'read' | 'write';

/** What the decorators of a class say in one direction, with the ones it inherits. */
export interface ClassDeclaration {
  /** Fields without any decorator take part. */
  readonly open: boolean;
  /** By {@link FieldDeclaration.key}; the exposed ones first, in class-transformer's order. */
  readonly fields: ReadonlyMap<string, FieldDeclaration>;
}

export interface FieldDeclaration {
  /** Where the value is taken from: the stored name on read, the property on write. */
  readonly key: string;
  /** Where it goes: the property on read, the stored name on write. */
  readonly target: string;
  /** Takes part if present. */
  readonly taken: boolean;
  /** Takes part even if absent, or only inherited: `@Expose()`. */
  readonly exposed: boolean;
  readonly type: TypeDeclaration | undefined;
  readonly transform: ((value: unknown, holder: object) => unknown) | undefined;
}

/** `@Type()` on a field. */
export interface TypeDeclaration {
  /** The type is the same whatever the object holds: its function takes no argument. */
  readonly fixed: boolean;
  resolve(help: TypeHelpOptions): unknown;
  /** What TypeScript emitted for the field: `Array`, `Map`, `Set`, ... */
  readonly designType: unknown;
  readonly discriminator: Discriminator | undefined;
}

export interface Discriminator {
  readonly property: string;
  readonly subTypes: ReadonlyArray<{ readonly name: string; readonly value: AnyClass }>;
  readonly kept: boolean;
}
