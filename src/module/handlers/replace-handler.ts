import 'reflect-metadata';

type Handler = (this: unknown, ...args: never[]) => unknown;

/** Puts a handler in the place of another, with its name, length and metadata. */
export function replaceHandler(holder: object, name: string | symbol, original: Handler, replacement: Handler): void {
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  for (const key of Reflect.getMetadataKeys(original)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), replacement);
  }
  Object.defineProperty(holder, name, { value: replacement, writable: true, configurable: true });
}
