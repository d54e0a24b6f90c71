import { UndeclaredClasses } from './undeclared-class.js';
import { kindOf } from './value-kind.js';

/** Objects with hidden state (private fields, URL) are shared. */
export function detachedCopy(value: unknown): unknown {
  return new Copying().copy(value);
}

const CLASSES = new UndeclaredClasses();

/** Whether the fields of a class's instances show all of their content. */
export function hasPlainFields(prototype: object): boolean {
  return kindOf(prototype) === 'class' && CLASSES.of(prototype).problem === undefined;
}

class Copying {
  readonly #copies = new Map<object, object>();

  copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const present = this.#copies.get(value);
    if (present) return present;
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && !Buffer.isBuffer(value) && CLASSES.of(prototype).problem !== undefined) return value;
    switch (kindOf(prototype)) {
      case 'array':
        return this.#fields(value, []);
      case 'plain':
      case 'class':
        return this.#fields(value, Object.create(prototype) as object);
      case 'date':
        return new Date(value as Date);
      case 'map':
        return this.#map(value as Map<unknown, unknown>);
      case 'set':
        return this.#set(value as Set<unknown>);
      case 'bytes':
        return Buffer.isBuffer(value) ? Buffer.from(value) : new Uint8Array(value as Uint8Array);
      case 'exotic':
        return value;
    }
  }

  #fields(value: object, copy: object): object {
    this.#copies.set(value, copy);
    for (const key of Reflect.ownKeys(value)) {
      if (Array.isArray(value) && key === 'length') continue;
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      if ('value' in descriptor) {
        descriptor.value = this.copy(descriptor.value);
        descriptor.writable = descriptor.configurable = true;
      }
      Object.defineProperty(copy, key, descriptor);
    }
    return copy;
  }

  #map(value: Map<unknown, unknown>): object {
    const copy = new Map<unknown, unknown>();
    this.#copies.set(value, copy);
    for (const [key, held] of value) copy.set(this.copy(key), this.copy(held));
    return copy;
  }

  #set(value: Set<unknown>): object {
    const copy = new Set<unknown>();
    this.#copies.set(value, copy);
    for (const held of value) copy.add(this.copy(held));
    return copy;
  }
}
