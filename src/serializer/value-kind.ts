/** `exotic`: hidden content that JSON would turn into `{}`. */
export type ValueKind = 'plain' | 'class' | 'array' | 'date' | 'map' | 'set' | 'bytes' | 'exotic';

const KINDS_OF_BUILT_INS: Readonly<Record<string, ValueKind>> = {
  Object: 'plain',
  Array: 'array',
  Date: 'date',
  Map: 'map',
  Set: 'set',
  Uint8Array: 'bytes',
};

/** Also for subclasses of a built-in and other realms. */
export function kindOf(prototype: object | null): ValueKind {
  let kind: ValueKind = 'plain';
  for (let level = prototype; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const owner: unknown = Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
    if (typeof owner === 'function' && isBuiltIn(owner)) {
      const builtIn = KINDS_OF_BUILT_INS[owner.name] ?? 'exotic';
      return builtIn === 'plain' ? kind : builtIn;
    }
    // Parsers of query strings and cookies create objects with an empty prototype.
    if (Reflect.ownKeys(level).length > 0) kind = 'class';
  }
  return kind;
}

export function isFieldClass(type: unknown): type is new () => object {
  return typeof type === 'function' && type.prototype !== undefined && kindOf(type.prototype as object) === 'class';
}

export function isBuiltIn(owner: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(owner));
}
