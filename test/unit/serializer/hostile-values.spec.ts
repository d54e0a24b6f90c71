import 'reflect-metadata';
import { Type } from 'class-transformer';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class Typed {
  @Type(() => Buffer) bytes?: Buffer;
  @Type(() => String) text?: string;
  @Type(() => Number) count?: number;
  @Type(() => Date) date?: Date;
}

const serializer = new SessionSerializerReflection(Typed);

describe('a text of an attacker', () => {
  it.each([
    ['a size in place of bytes', '{"bytes":{"length":1000000000}}'],
    ['a size as an ArrayBuffer', '{"bytes":{"type":"Buffer","data":{"length":1000000000}}}'],
    ['a number in place of bytes', '{"bytes":1000000000}'],
    ['bytes that are no numbers', '{"bytes":{"type":"Buffer","data":[{"length":5}]}}'],
    ['an object in place of a text', '{"text":{"toString":1,"length":5}}'],
    ['an object in place of a number', '{"count":{"valueOf":1}}'],
    ['an object in place of a date', '{"date":{"valueOf":1}}'],
  ])('is rejected: %s', (_, text) => {
    expect(() => serializer.deserialize(text)).toThrow(SyntaxError);
  });

  it('is read if bytes are a string or the JSON of a Buffer', () => {
    const read = (text: string): string => serializer.deserialize(text).bytes!.toString();
    expect(read('{"bytes":"abc"}')).toBe('abc');
    expect(read('{"bytes":{"type":"Buffer","data":[97,98,99]}}')).toBe('abc');
  });
});
