import { SessionSerializerReflection } from 'nestjs-sessions/core';
import { int, kotlinFields, list, long, map, nested, nullable, set, string, Transient } from 'nestjs-sessions/ktor';
import { E, Part, SealedSession, SS } from './kotlin-samples.js';

class Everything {
  @string() text = 'a';
  @long() big = 2n ** 60n;
  @nested(() => Part) part = new Part();
  @nullable(nested(() => Part)) none: Part | null = null;
  @list(nested(() => Part)) list = [new Part()];
  @set(nested(() => Part)) set = new Set([new Part()]);
  @map(string(), nested(() => Part)) map = new Map([['a', new Part()]]);
  @set(int()) numbers = new Set([1, 2]);
  @list(nested(() => SealedSession)) sealed: SealedSession[] = [new SS(1), new E()];
  @Transient() cache: unknown = 'kept here';
}

describe('Kotlin types as class-transformer types', () => {
  it('restore nested classes with SessionSerializerReflection', () => {
    const serializer = new SessionSerializerReflection(Everything);
    const text = serializer.serialize(new Everything());
    expect(text).not.toContain('kept here');
    const read = serializer.deserialize(text);
    expect(read).toEqual(new Everything());
    expect(read.part).toBeInstanceOf(Part);
    expect(read.list[0]).toBeInstanceOf(Part);
    expect([...read.set][0]).toBeInstanceOf(Part);
    expect(read.map.get('a')).toBeInstanceOf(Part);
    expect(read.sealed.map((one) => one.constructor)).toEqual([SS, E]);
    expect(serializer.serialize(read)).toBe(text);
  });

  it('do so if declared by kotlinFields()', () => {
    class Schemed {
      parts = new Set([new Part()]);
    }
    kotlinFields(Schemed, { parts: set(nested(() => Part)) });
    const serializer = new SessionSerializerReflection(Schemed);
    expect([...serializer.deserialize(serializer.serialize(new Schemed())).parts][0]).toBeInstanceOf(Part);
  });
});
