import { Exclude, TransformationType } from 'class-transformer';
import type { ClassTransformOptions, ExposeOptions } from 'class-transformer';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';
import type { TypeMetadata } from 'class-transformer/types/interfaces/index.js';
// @ts-expect-error class-transformer 0.5 ships no types beside this file; @nestjs/mapped-types imports it all the same.
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import type { AnyClass, ClassDeclaration, Direction, FieldDeclaration, TypeDeclaration } from './class-declaration.js';
import { SessionConfigurationError } from '../errors/session.errors.js';

const storage = defaultMetadataStorage as MetadataStorage;

export function storedNameOf(type: AnyClass, property: string): string {
  return storage.findExposeMetadata(type, property)?.options?.name || property;
}

export function declarationOf(type: AnyClass, direction: Direction, options: ClassTransformOptions): ClassDeclaration {
  const declared = strategyOf(type);
  const strategy = declared === 'none' ? (options.strategy ?? 'exposeAll') : declared;
  const includesUndeclared = strategy === 'exposeAll' && !options.excludeExtraneousValues;
  const excluded = excludedFrom(type);
  const exposed = new Set(exposedOf(type, direction, includesUndeclared).map(keyIn(type, direction)));
  const fields = new Map<string, FieldDeclaration>();
  for (const key of new Set([...exposed, ...keysOf(type, direction)])) {
    const applies = !excluded.has(key) && isStored(storage.findExposeMetadata(type, key)?.options, options);
    const property = direction === 'read' ? propertyOf(type, key) : key;
    fields.set(key, {
      key,
      target: direction === 'read' ? property : storedNameOf(type, key),
      isIncluded: applies && (includesUndeclared || exposed.has(key)),
      exposed: applies && exposed.has(key),
      type: typeOf(storage.findTypeMetadata(type, property)),
      transform: transformOf(type, property, direction, options),
    });
  }
  return { includesUndeclared, fields };
}

/** Properties exposed in either direction: a response does not decide what is stored. */
function exposedOf(type: AnyClass, direction: Direction, includesUndeclared: boolean): readonly string[] {
  const ofDirection = storage.getExposedProperties(type, transformationOf(direction));
  if (includesUndeclared) return ofDirection;
  return [
    ...ofDirection,
    ...storage.getExposedProperties(type, transformationOf(direction === 'read' ? 'write' : 'read')),
  ];
}

/** With `toPlainOnly` (responses only) they are stored. */
export function excludedFrom(type: AnyClass): ReadonlySet<string> {
  return new Set(storage.getExcludedProperties(type, TransformationType.PLAIN_TO_CLASS));
}

function strategyOf(type: AnyClass): ReturnType<MetadataStorage['getStrategy']> {
  const declared = storage.getStrategy(type);
  const { options } = storage.findExcludeMetadata(type, undefined as unknown as string) ?? {};
  return declared === 'excludeAll' && options?.toPlainOnly && !options.toClassOnly ? 'none' : declared;
}

/** If class-transformer is loaded twice, excluded fields would be stored. */
export function assertDecoratorsAreSeen(): void {
  Exclude()(DecoratorProbe.prototype, 'probe');
  if (storage.findExcludeMetadata(DecoratorProbe, 'probe')) return;
  throw new SessionConfigurationError(
    'The session serializer does not see the decorators of class-transformer, because it is loaded twice. ' +
      "Mark 'class-transformer' as external in the bundler, or set your own serializer.",
  );
}

class DecoratorProbe {}

function transformationOf(direction: Direction): TransformationType {
  return direction === 'read' ? TransformationType.PLAIN_TO_CLASS : TransformationType.CLASS_TO_PLAIN;
}

function keyIn(type: AnyClass, direction: Direction): (property: string) => string {
  return direction === 'read' ? (property) => storedNameOf(type, property) : (property) => property;
}

function propertyOf(type: AnyClass, key: string): string {
  return storage.findExposeMetadataByCustomName(type, key)?.propertyName ?? key;
}

function keysOf(type: AnyClass, direction: Direction): Set<string> {
  const keys = new Set<string>();
  const { _typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas } = storage as unknown as Record<
    string,
    Map<unknown, Map<string | undefined, unknown>>
  >;
  for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    for (const metadata of [_typeMetadatas, _transformMetadatas, _exposeMetadatas, _excludeMetadatas]) {
      for (const property of metadata?.get(owner)?.keys() ?? []) if (typeof property === 'string') keys.add(property);
    }
  }
  if (direction === 'read') {
    for (const { options } of storage.getExposedMetadatas(type)) if (options?.name) keys.add(options.name);
  }
  return keys;
}

function typeOf(metadata: TypeMetadata | undefined): TypeDeclaration | undefined {
  if (!metadata) return undefined;
  const { typeFunction, reflectedType, options } = metadata;
  const discriminator = options?.discriminator;
  return {
    fixed: !typeFunction || typeFunction.length === 0,
    resolve: typeFunction ? (help) => typeFunction(help) : () => reflectedType as unknown,
    designType: reflectedType as unknown,
    discriminator:
      discriminator?.property && discriminator.subTypes
        ? { ...discriminator, kept: options.keepDiscriminatorProperty === true }
        : undefined,
  };
}

function transformOf(
  type: AnyClass,
  key: string,
  direction: Direction,
  options: ClassTransformOptions,
): FieldDeclaration['transform'] {
  const transformation = transformationOf(direction);
  const transforms = storage
    .findTransformMetadatas(type, key, transformation)
    .filter((metadata) => isSelected(metadata.options, options));
  if (transforms.length === 0) return undefined;
  return (value, obj) =>
    transforms.reduce<unknown>(
      (present, { transformFn }) => transformFn({ value: present, key, obj, type: transformation, options }) as unknown,
      value,
    );
}

/** Without groups, all are stored: `@Expose({ groups })` is meant for responses. */
function isStored(declared: ExposeOptions | undefined, options: ClassTransformOptions): boolean {
  return isSelected(options.groups?.length ? declared : { ...declared, groups: [] }, options);
}

function isSelected(
  declared: { since?: number; until?: number; groups?: string[] } | undefined,
  { version, groups }: ClassTransformOptions,
): boolean {
  if (!declared) return true;
  if (version !== undefined && declared.since && version < declared.since) return false;
  if (version !== undefined && declared.until && version >= declared.until) return false;
  if (!groups?.length) return !declared.groups?.length;
  return !declared.groups || groups.some((group) => declared.groups!.includes(group));
}
