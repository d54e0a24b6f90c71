import type { TypeHelpOptions } from 'class-transformer';

/** A class as decorators refer to it, such as the result of `@Type`. */
export type AnyClass = abstract new (...parameters: never[]) => object;

/** `read`: from text to instance. `write`: from instance to text. */
export type Direction = 'read' | 'write';

/** The decorators of a class in one direction, including inherited ones. */
export interface ClassDeclaration {
  /** Fields without decorators are included. */
  readonly open: boolean;
  /** By {@link FieldDeclaration.key}. Exposed fields first, in the order of class-transformer. */
  readonly fields: ReadonlyMap<string, FieldDeclaration>;
}

export interface FieldDeclaration {
  /** Source: the stored name on read, the property on write. */
  readonly key: string;
  /** Target: the property on read, the stored name on write. */
  readonly target: string;
  /** Included if present. */
  readonly taken: boolean;
  /** Included even if absent or inherited: `@Expose()`. */
  readonly exposed: boolean;
  readonly type: TypeDeclaration | undefined;
  readonly transform: ((value: unknown, holder: object) => unknown) | undefined;
}

/** `@Type()` on a field. */
export interface TypeDeclaration {
  /** The type function takes no argument, so the type never changes. */
  readonly fixed: boolean;
  resolve(help: TypeHelpOptions): unknown;
  /** The type emitted by TypeScript: `Array`, `Map`, `Set`, ... */
  readonly designType: unknown;
  readonly discriminator: Discriminator | undefined;
}

export interface Discriminator {
  readonly property: string;
  readonly subTypes: ReadonlyArray<{ readonly name: string; readonly value: AnyClass }>;
  readonly kept: boolean;
}
