import 'reflect-metadata';

/** What Nest keeps on controllers. Nest 11 and 12 export the names from different places. */
const PARAMETERS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
/** `@Res()` and `@Next()`, as they stand in the keys of a handler's parameters. */
const OWN = /^[12]:/;

/** The same of a handler that is known as a function; what has wrapped it may have taken its name. */
export function handlerOwnsResponse(controller: { readonly prototype: object }, handler: { name: string }): boolean {
  if (Reflect.hasMetadata(PARAMETERS, controller, handler.name)) return ownsResponse(controller, handler.name);
  for (let one: object | null = controller.prototype; one; one = Object.getPrototypeOf(one) as object | null) {
    for (const name of Reflect.ownKeys(one)) {
      if (Object.getOwnPropertyDescriptor(one, name)?.value === handler) return ownsResponse(controller, name);
    }
  }
  return false;
}

/** Whether a handler answers by itself, as Nest sees it: it has `@Res()` without `passthrough`, or `@Next()`. */
export function ownsResponse(controller: object, handler: string | symbol): boolean {
  const parameters = Reflect.getMetadata(PARAMETERS, controller, handler) as object | undefined;
  if (!parameters || !Object.keys(parameters).some((key) => OWN.test(key))) return false;
  return Reflect.getMetadata(PASSTHROUGH, controller, handler) !== true;
}
