import type { ClassTransformOptions } from 'class-transformer';
import type { AnyClass, FieldDeclaration } from './class-declaration.js';
import { declarationOf } from './class-transformer-metadata.js';
import type { SessionSnapshot } from './session-serializer.js';
import { MAX_DEPTH } from './tagged-value.js';
import { COERCIONS } from './typed-value.js';
import { isFieldClass, kindOf } from './value-kind.js';

/** How an object's content is seen; `opaque`: not without writing it. */
type Sight = 'fields' | 'date' | 'map' | 'set' | 'opaque';

/** Stand on the tape where an object begins or ends; no value of an application equals them. */
const ARRAY = { is: 'array' };
const DATE = { is: 'date' };
const MAP = { is: 'map' };
const SET = { is: 'set' };
const WITHOUT_PROTOTYPE = { is: 'object' };
const END = { is: 'end' };

/**
 * Takes snapshots of the sessions of one class: all that their text is made of, so that a session that was only read
 * is known to be unchanged without being written. A snapshot is a tape of the values in the order in which they are
 * met, an object beginning with its prototype; telling takes one walk and no memory.
 *
 * What a text may depend on beside the values, a `@Transform()`, an exposed getter, a type that is asked for, it cannot
 * see: of such sessions there are none.
 */
export class SessionSnapshots<S extends object> {
  readonly #type: AnyClass;
  readonly #options: ClassTransformOptions;
  readonly #sights = new WeakMap<object, Sight>();
  #isVisible: boolean | undefined;

  constructor(type: new () => S, options: ClassTransformOptions) {
    this.#type = type;
    this.#options = options;
  }

  /** @returns `undefined` when only the text can tell. */
  capture(session: S): SessionSnapshot<S> | undefined {
    this.#isVisible ??= this.#isDeclaredByValues(this.#type, new Set());
    if (!this.#isVisible) return undefined;
    const tape: unknown[] = [];
    try {
      if (!this.#record(session, tape, 0)) return undefined;
    } catch {
      // A getter of the application's; the serializer reports it.
      return undefined;
    }
    return new Snapshot(tape, (prototype) => this.#sightOf(prototype));
  }

  #record(value: unknown, tape: unknown[], depth: number): boolean {
    if (typeof value !== 'object' || value === null) {
      tape.push(value);
      return typeof value !== 'function' && typeof value !== 'symbol';
    }
    if (depth > MAX_DEPTH) return false;
    if (Array.isArray(value)) {
      tape.push(ARRAY, value.length);
      for (let index = 0; index < value.length; index++) if (!this.#record(value[index], tape, depth + 1)) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    switch (this.#sightOf(prototype)) {
      case 'fields':
        tape.push(prototype ?? WITHOUT_PROTOTYPE);
        for (const name in value) {
          const held = (value as Record<string, unknown>)[name];
          // In the session itself, undefined is written as the absence of the field is.
          if (held === undefined && depth === 0) continue;
          tape.push(name);
          if (!this.#record(held, tape, depth + 1)) return false;
        }
        tape.push(END);
        return true;
      case 'date':
        tape.push(DATE, (value as Date).getTime());
        return true;
      case 'map':
        tape.push(MAP, (value as Map<unknown, unknown>).size);
        for (const [key, held] of value as Map<unknown, unknown>) {
          if (!this.#record(key, tape, depth + 1) || !this.#record(held, tape, depth + 1)) return false;
        }
        return true;
      case 'set':
        tape.push(SET, (value as Set<unknown>).size);
        for (const held of value as Set<unknown>) if (!this.#record(held, tape, depth + 1)) return false;
        return true;
      case 'opaque':
        return false;
    }
  }

  #sightOf(prototype: object | null): Sight {
    if (prototype === null || prototype === Object.prototype) return 'fields';
    let sight = this.#sights.get(prototype);
    if (sight === undefined) this.#sights.set(prototype, (sight = this.#look(prototype)));
    return sight;
  }

  #look(prototype: object): Sight {
    const kind = kindOf(prototype);
    if (kind === 'date' || kind === 'map' || kind === 'set') return kind;
    if (kind !== 'class') return 'opaque';
    // Only own fields are written, and the walk takes all that are enumerable.
    for (const _ in prototype) return 'opaque';
    const type: unknown = prototype.constructor;
    return isFieldClass(type) && this.#isDeclaredByValues(type, new Set()) ? 'fields' : 'opaque';
  }

  /** Whether the text of an instance depends on nothing but its fields' values, and theirs. */
  #isDeclaredByValues(type: AnyClass, seen: Set<AnyClass>): boolean {
    if (seen.has(type)) return true;
    seen.add(type);
    for (const field of declarationOf(type, 'write', this.#options).fields.values()) {
      if (!this.#isValue(type, field, seen)) return false;
    }
    return true;
  }

  #isValue(owner: AnyClass, { key, transform, exposed, type }: FieldDeclaration, seen: Set<AnyClass>): boolean {
    if (transform || (exposed && key in (owner.prototype as object))) return false;
    if (!type) return true;
    if (!type.fixed) return false;
    const resolved = type.resolve({ newObject: {}, object: {}, property: key });
    const types = [resolved, ...(type.discriminator?.subTypes.map(({ value }) => value) ?? [])];
    return types.every((each) => COERCIONS.has(each) || !isFieldClass(each) || this.#isDeclaredByValues(each, seen));
  }
}

class Snapshot<S extends object> implements SessionSnapshot<S> {
  readonly #tape: readonly unknown[];
  readonly #sightOf: (prototype: object | null) => Sight;
  #at = 0;

  constructor(tape: readonly unknown[], sightOf: (prototype: object | null) => Sight) {
    this.#tape = tape;
    this.#sightOf = sightOf;
  }

  matches(session: S): boolean {
    this.#at = 0;
    try {
      return this.#meets(session, true);
    } catch {
      return false;
    }
  }

  // It goes no deeper than the tape does, whatever has become of the session.
  #meets(value: unknown, isSession = false): boolean {
    const tape = this.#tape;
    const expected = tape[this.#at++];
    if (typeof value !== 'object' || value === null) return Object.is(value, expected);
    if (Array.isArray(value)) {
      if (expected !== ARRAY || tape[this.#at++] !== value.length) return false;
      for (let index = 0; index < value.length; index++) if (!this.#meets(value[index])) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (expected === (prototype ?? WITHOUT_PROTOTYPE)) {
      for (const name in value) {
        const held = (value as Record<string, unknown>)[name];
        if (held === undefined && isSession) continue;
        if (tape[this.#at++] !== name || !this.#meets(held)) return false;
      }
      return tape[this.#at++] === END;
    }
    switch (expected) {
      case DATE:
        return this.#sightOf(prototype) === 'date' && Object.is((value as Date).getTime(), tape[this.#at++]);
      case MAP:
        return this.#sightOf(prototype) === 'map' && this.#meetsMap(value as Map<unknown, unknown>);
      case SET:
        return this.#sightOf(prototype) === 'set' && this.#meetsSet(value as Set<unknown>);
      default:
        return false;
    }
  }

  #meetsMap(map: Map<unknown, unknown>): boolean {
    if (this.#tape[this.#at++] !== map.size) return false;
    for (const [key, held] of map) if (!this.#meets(key) || !this.#meets(held)) return false;
    return true;
  }

  #meetsSet(set: Set<unknown>): boolean {
    if (this.#tape[this.#at++] !== set.size) return false;
    for (const held of set) if (!this.#meets(held)) return false;
    return true;
  }
}
