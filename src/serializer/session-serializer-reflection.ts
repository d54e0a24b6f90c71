import 'reflect-metadata';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import type { ClassTransformOptions } from 'class-transformer';
import { SessionUnserializableError } from '../errors/session.errors.js';
import { storedNameOf } from './class-transformer-metadata.js';
import type { FieldwiseSessionSerializer } from './session-serializer.js';
import { decodeFields, encodeTagged } from './tagged-value.js';

export type SessionSerializerReflectionOptions = Pick<
  ClassTransformOptions,
  'groups' | 'version' | 'strategy' | 'excludeExtraneousValues' | 'exposeDefaultValues'
>;

/** Writes a session as JSON, as the decorators of class-transformer on its class declare. */
export class SessionSerializerReflection<S extends object> implements FieldwiseSessionSerializer<S> {
  readonly #type: new () => S;
  readonly #options: ClassTransformOptions;

  constructor(type: new () => S, options: SessionSerializerReflectionOptions = {}) {
    this.#type = type;
    this.#options = { exposeDefaultValues: true, ...options };
  }

  serialize(session: S): string {
    try {
      const plain = instanceToPlain(session, this.#options);
      const fields = Object.entries(plain)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, encodeTagged(value, 1)]);
      return JSON.stringify(Object.fromEntries(fields));
    } catch (cause) {
      throw new SessionUnserializableError(this.#type.name, (cause as Error).message, { cause });
    }
  }

  deserialize(text: string): S {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new SyntaxError('no JSON object');
    return plainToInstance(this.#type, decodeFields(parsed as Record<string, unknown>), this.#options);
  }

  split(text: string): Map<string, string> {
    const fields = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return new Map(fields.map(([name, value]) => [name, JSON.stringify(value)]));
  }

  join(fields: ReadonlyMap<string, string>): string {
    return `{${Array.from(fields, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  }

  nameOf(property: string): string {
    return storedNameOf(this.#type, property);
  }
}
