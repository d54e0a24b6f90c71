import 'reflect-metadata';
import { PARAMETERS, PASSTHROUGH } from './nest-metadata.js';

/** Keys of `@Res()` and `@Next()`. */
const OWN = /^[12]:/;

export function handlerOwnsResponse(controller: { readonly prototype: object }, handler: { name: string }): boolean {
  if (Reflect.hasMetadata(PARAMETERS, controller, handler.name)) return ownsResponse(controller, handler.name);
  for (let one: object | null = controller.prototype; one; one = Object.getPrototypeOf(one) as object | null) {
    for (const name of Reflect.ownKeys(one)) {
      if (Object.getOwnPropertyDescriptor(one, name)?.value === handler) return ownsResponse(controller, name);
    }
  }
  return false;
}

/** With `@Next()`, or `@Res()` without `passthrough`. */
export function ownsResponse(controller: object, handler: string | symbol): boolean {
  const parameters = Reflect.getMetadata(PARAMETERS, controller, handler) as object | undefined;
  if (!parameters || !Object.keys(parameters).some((key) => OWN.test(key))) return false;
  return Reflect.getMetadata(PASSTHROUGH, controller, handler) !== true;
}
