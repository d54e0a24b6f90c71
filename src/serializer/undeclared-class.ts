import { UnwritableValue } from './unwritable-value.js';
import { isBuiltIn } from './value-kind.js';

/** A class without `@Type()`, whose instances are read back as plain objects. */
export interface UndeclaredClass {
  readonly name: string;
  readonly convertsItself: boolean;
  readonly isPlatformClass: boolean;
  readonly hasMembers: boolean;
  readonly problem: string | undefined;
}

const ADVICE =
  'Store a plain value such as its id or text, add @Type() or @Transform() to the field, or give the class a ' +
  'toJSON() that returns a string. Mark the field with @Exclude() if it need not be stored.';

export class UndeclaredClasses {
  readonly #classes = new WeakMap<object, UndeclaredClass>();

  of(prototype: object): UndeclaredClass {
    let known = this.#classes.get(prototype);
    if (!known) this.#classes.set(prototype, (known = inspect(prototype)));
    return known;
  }
}

export function scalarOf(value: object): string | number | undefined {
  const { toJSON, [Symbol.toPrimitive]: toPrimitive } = value as {
    toJSON?: unknown;
    [Symbol.toPrimitive]?: unknown;
  };
  const json: unknown = typeof toJSON === 'function' ? toJSON.call(value, '') : undefined;
  if (isScalar(json)) return json;
  const primitive: unknown = typeof toPrimitive === 'function' ? toPrimitive.call(value, 'string') : undefined;
  return isScalar(primitive) ? primitive : undefined;
}

export function rejectUndeclared({ name }: UndeclaredClass, problem: string): never {
  throw new UnwritableValue(`it is an instance of ${name}, ${problem}`, { advice: ADVICE });
}

function inspect(prototype: object): UndeclaredClass {
  let convertsItself = false;
  let hasMembers = false;
  let problem: string | undefined;
  for (let level: object | null = prototype; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const owner: unknown = Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
    if (typeof owner === 'function' && isBuiltIn(owner)) {
      if (owner.name !== 'Object' && level !== prototype) {
        problem ??= `which extends ${owner.name} and would be read back as a plain ${owner.name}`;
      }
      break;
    }
    convertsItself ||= Object.hasOwn(level, 'toJSON') || Object.hasOwn(level, Symbol.toPrimitive);
    hasMembers ||= Reflect.ownKeys(level).some((key) => key !== 'constructor' && key !== Symbol.toStringTag);
    if (typeof owner === 'function' && keepsPrivateContent(owner)) problem ??= 'which has private fields';
  }
  const name = classNameOf(prototype);
  const isPlatformClass =
    typeof prototype.constructor === 'function' &&
    (globalThis as Record<string, unknown>)[name] === prototype.constructor;
  return { name, convertsItself, hasMembers, isPlatformClass, problem };
}

export function classNameOf(value: object): string {
  const { name } = (value as { constructor?: { name?: unknown } }).constructor ?? {};
  return typeof name === 'string' && name !== '' ? name : '(anonymous)';
}

const COMMENTS_AND_TEXTS = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`/g;
/** `#name`, `#name = …`: a private instance field; not a static one, a method or a use. */
const PRIVATE_FIELD = /(?<![\w$.])(?<!\bstatic\s+)#[\p{L}_$][\p{L}\d_$]*[ \t]*(?=[=;}\r\n]|$)/u;
/** The same, compiled or by hand. */
const PRIVATE_FIELD_OF_OLD =
  /\.set\(\s*this\s*,|\b__privateAdd\(\s*this\b|\b_class_private_field_init\(\s*this\b|\b_classPrivateFieldInitSpec\(\s*this\b/;

// Only the source shows private fields.
function keepsPrivateContent(type: object): boolean {
  const source = Function.prototype.toString.call(type).replace(COMMENTS_AND_TEXTS, ' ');
  return PRIVATE_FIELD.test(source) || PRIVATE_FIELD_OF_OLD.test(source);
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
