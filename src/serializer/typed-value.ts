import type { Discriminator, TypeDeclaration } from './class-declaration.js';

/** What class-transformer does with a value that is no container, for the types it converts to. */
export const COERCIONS: ReadonlyMap<unknown, (value: unknown) => unknown> = new Map<
  unknown,
  (value: unknown) => unknown
>([
  [String, String],
  [Number, Number],
  [Boolean, Boolean],
  [Date, (value) => (value instanceof Date ? value : new Date(value as number))],
  [Buffer, (value) => (Buffer.isBuffer(value) ? value : Buffer.from(value as string))],
]);

/**
 * What `make` gives for the type that a declaration resolves to: made once where the type is fixed, else once for
 * each type that its function returns.
 */
export function forTypeOf<T>(
  declaration: TypeDeclaration,
  make: (type: unknown) => T,
): (newObject: object, object: Record<string, unknown>, property: string) => T {
  const made = new Map<unknown, { readonly value: T }>();
  let fixed: { readonly value: T } | undefined;
  return (newObject, object, property) => {
    if (fixed) return fixed.value;
    const type = declaration.resolve({ newObject, object, property });
    const present = made.get(type) ?? { value: make(type) };
    made.set(type, present);
    if (declaration.fixed) fixed = present;
    return present.value;
  };
}

/**
 * Runs a transform of a value that is being written. class-transformer puts the discriminator on the value itself, so
 * transforms may see it; here it does not stay there.
 */
export function underDiscriminator(
  discriminator: Discriminator | undefined,
  value: unknown,
  transform: () => unknown,
): unknown {
  const subType = discriminator?.subTypes.find(
    (candidate) => candidate.value === (value as object | null)?.constructor,
  );
  if (!discriminator || !subType) return transform();
  const fields = value as Record<string, unknown>;
  const { property } = discriminator;
  const before = Object.getOwnPropertyDescriptor(fields, property);
  fields[property] = subType.name;
  try {
    return transform();
  } finally {
    if (before) Object.defineProperty(fields, property, before);
    else delete fields[property];
  }
}
