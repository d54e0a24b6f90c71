import type { TypeHelpOptions } from 'class-transformer';

export type AnyClass = abstract new (...parameters: never[]) => object;

/** `read`: text to instance. `write`: instance to text. */
export type Direction = 'read' | 'write';

export interface ClassDeclaration {
  /** Fields without decorators are included. */
  readonly open: boolean;
  /** By {@link FieldDeclaration.key}, in class-transformer's order. */
  readonly fields: ReadonlyMap<string, FieldDeclaration>;
}

export interface FieldDeclaration {
  /** The stored name on read, the property on write. */
  readonly key: string;
  /** The property on read, the stored name on write. */
  readonly target: string;
  readonly taken: boolean;
  /** Included even if absent: `@Expose()`. */
  readonly exposed: boolean;
  readonly type: TypeDeclaration | undefined;
  readonly transform: ((value: unknown, holder: object) => unknown) | undefined;
}

export interface TypeDeclaration {
  /** The type function takes no argument, so its result never changes. */
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
