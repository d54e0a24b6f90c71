import type { Discriminator, TypeDeclaration } from './class-declaration.js';

/** Plain objects are rejected: the text would define `length` or `valueOf`. So are values without a text of their own. */
export const COERCIONS: ReadonlyMap<unknown, (value: unknown) => unknown> = new Map<
  unknown,
  (value: unknown) => unknown
>([
  [String, (value) => String(notPlain(value))],
  [Number, (value) => Number(notPlain(value))],
  [Boolean, Boolean],
  [Date, (value) => (value instanceof Date ? value : new Date(notPlain(value) as number))],
  [Buffer, bytesOf],
]);

function notPlain(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw notOfType();
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || !hasOwnText(value)) throw notOfType();
  return value;
}

function hasOwnText(value: object): boolean {
  if (Symbol.toPrimitive in value) return true;
  return (['toString', 'valueOf'] as const).some((name) => value[name] !== Object.prototype[name]);
}

/** Never a size. */
function bytesOf(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  const list = Array.isArray(value) ? value : dataOf(value);
  if (!Array.isArray(list) || !list.every((byte) => typeof byte === 'number')) throw notOfType();
  return Buffer.from(list);
}

function dataOf(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, 'data');
  const { type, data } = (isObject ? value : {}) as { type?: unknown; data?: unknown };
  return type === 'Buffer' ? data : undefined;
}

function notOfType(): SyntaxError {
  return new SyntaxError('The stored value cannot be converted to the type of its field.');
}

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

/** As in class-transformer, transforms see the discriminator. */
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

/** Of a declaration that names a class, and its subtypes. */
export function fixedTypesOf(declared: TypeDeclaration, property: string): readonly unknown[] {
  return [declared.resolve({ newObject: {}, object: {}, property }), ...subTypesOf(declared)];
}

export function subTypesOf({ discriminator }: TypeDeclaration): readonly unknown[] {
  return discriminator?.subTypes.map(({ value }) => value) ?? [];
}
