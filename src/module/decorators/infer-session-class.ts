import 'reflect-metadata';
import { definitionOf } from '../../config/session-definition.js';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { SessionClass } from '../../tracker/session-class.js';

/** @throws {SessionConfigurationError} without TypeScript's metadata. */
export function inferSessionClass(
  decorator: string,
  target: object,
  property: string | symbol,
  index: number,
): SessionClass {
  const declared = parameterTypes(target, property)?.[index];
  if (definitionOf(declared)) return declared as SessionClass;
  const withoutName = isOwnClass(declared);
  const place = `${target.constructor.name}.${String(property)}(), parameter ${index + 1}`;
  if (withoutName) {
    throw new SessionConfigurationError(
      `${place}: ${declared.name} has no @Session('name'). Add @Session('${nameFor(declared.name)}') to the class; a ` +
        `subclass needs its own. If its name is set in forRoot, use @${decorator}(${declared.name}).`,
    );
  }
  throw new SessionConfigurationError(
    `${place}: @${decorator}() cannot infer the session class; it finds ${describe(declared)}. Use ` +
      `@${decorator}(UserSession). This is necessary if the parameter's type is an interface or a union ('| null'), ` +
      "if the class is imported by 'import type' or has no @Session, and in builds without " +
      "'emitDecoratorMetadata' (esbuild, tsx).",
  );
}

/** A `ValidationPipe` would copy the session; pipes ignore `Object`. */
export function hideFromPipes(target: object, property: string | symbol, index: number): void {
  const types = parameterTypes(target, property);
  if (types) types[index] = Object;
}

function parameterTypes(target: object, property: string | symbol): unknown[] | undefined {
  return Reflect.getOwnMetadata('design:paramtypes', target, property) as unknown[] | undefined;
}

const BUILT_IN: ReadonlySet<unknown> = new Set([
  Object,
  Array,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Function,
  Promise,
]);

// TypeScript emits a built-in class for unions and interfaces.
function isOwnClass(declared: unknown): declared is { readonly name: string } {
  return typeof declared === 'function' && declared.name !== '' && !BUILT_IN.has(declared);
}

function nameFor(type: string): string {
  return type.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
}

function describe(declared: unknown): string {
  if (declared === undefined) return 'no type';
  return typeof declared === 'function' && declared.name ? declared.name : 'something else';
}
