export type KotlinClass<T extends object = object> = abstract new (...parameters: never[]) => T;

export type ScalarShape =
  | {
      readonly kind:
        | 'string'
        | 'char'
        | 'boolean'
        | 'byte'
        | 'short'
        | 'int'
        | 'float'
        | 'double'
        | 'bigDecimal'
        | 'bigInteger'
        | 'uuid';
    }
  | { readonly kind: 'long'; readonly as: 'bigint' | 'number' }
  | { readonly kind: 'enum'; readonly names: readonly string[] };

export type KotlinShape =
  | ScalarShape
  | { readonly kind: 'list' | 'set'; readonly element: KotlinShape }
  | { readonly kind: 'map'; readonly key: KotlinShape; readonly value: KotlinShape }
  | { readonly kind: 'nullable' | 'optional'; readonly of: KotlinShape }
  | { readonly kind: 'class'; readonly type: () => KotlinClass };

export function isScalar(shape: KotlinShape): shape is ScalarShape {
  const { kind } = shape;
  return (
    kind !== 'list' &&
    kind !== 'set' &&
    kind !== 'map' &&
    kind !== 'nullable' &&
    kind !== 'optional' &&
    kind !== 'class'
  );
}

export function withoutNull(shape: KotlinShape): KotlinShape {
  return shape.kind === 'nullable' ? shape.of : shape;
}

export function describeShape(shape: KotlinShape): string {
  if (isScalar(shape)) return shape.kind === 'uuid' ? 'UUID' : capitalized(shape.kind);
  switch (shape.kind) {
    case 'list':
    case 'set':
      return `${capitalized(shape.kind)}<${describeShape(shape.element)}>`;
    case 'map':
      return `Map<${describeShape(shape.key)}, ${describeShape(shape.value)}>`;
    case 'nullable':
      return `${describeShape(shape.of)}?`;
    case 'optional':
      return `Optional<${describeShape(shape.of)}>`;
    case 'class':
      return shape.type().name;
  }
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
