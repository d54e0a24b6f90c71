import type { TypeHelpOptions } from 'class-transformer';

export type AnyClass = abstract new (...parameters: never[]) => object;

export type Direction = 'read' | 'write';

export interface ClassDeclaration {
  readonly open: boolean;
  readonly fields: ReadonlyMap<string, FieldDeclaration>;
}

export interface FieldDeclaration {
  /** The stored name on read, the property on write. {@link target} is the other one. */
  readonly key: string;
  readonly target: string;
  readonly taken: boolean;
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
