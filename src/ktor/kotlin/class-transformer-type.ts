import 'reflect-metadata';
import { Type } from 'class-transformer';
import { isScalar, type KotlinClass, type KotlinShape } from './kotlin-shape.js';

const COLLECTIONS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['list', Array],
  ['set', Set],
  ['map', Map],
]);

export interface NamedSubclass {
  readonly name: string;
  readonly type: KotlinClass;
}

export function declareForClassTransformer(
  target: object,
  property: string,
  shape: KotlinShape,
  subclassesOf: (type: KotlinClass) => readonly NamedSubclass[] | undefined,
): void {
  const held = classIn(shape);
  if (!held) return;
  const collection = collectionOf(shape);
  if (collection) Reflect.defineMetadata('design:type', collection, target, property);
  // Late: it may refer to later classes.
  const options = {
    get discriminator() {
      const subTypes = subclassesOf(held())?.map(({ name, type }) => ({ name, value: type as new () => object }));
      return subTypes ? { property: '$type', subTypes } : undefined;
    },
  };
  Type(() => held(), options as Parameters<typeof Type>[1])(target, property);
}

function classIn(shape: KotlinShape): (() => KotlinClass) | undefined {
  if (isScalar(shape)) return undefined;
  switch (shape.kind) {
    case 'class':
      return shape.type;
    case 'list':
    case 'set':
      return classIn(shape.element);
    case 'map':
      return classIn(shape.value);
    case 'nullable':
    case 'optional':
      return classIn(shape.of);
  }
}

function collectionOf(shape: KotlinShape): unknown {
  if (shape.kind === 'nullable' || shape.kind === 'optional') return collectionOf(shape.of);
  return COLLECTIONS.get(shape.kind);
}
