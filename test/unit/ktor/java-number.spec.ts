import * as fc from 'fast-check';
import {
  javaBigDecimal,
  javaDouble,
  javaFloat,
  javaUuid,
  parseJavaBigInteger,
  parseJavaDouble,
  parseJavaInteger,
  parseJavaLong,
} from '../../../src/ktor/kotlin/java-number.js';

describe("Java's text of a number", () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [100, '100.0'],
    [0.001, '0.001'],
    [9.9e-4, '9.9E-4'],
    [9999999, '9999999.0'],
    [9999999.5, '9999999.5'],
    [1e7, '1.0E7'],
    [-12345678.9, '-1.23456789E7'],
    [123456.789, '123456.789'],
    [0.1, '0.1'],
    [1e21, '1.0E21'],
    [2e23, '2.0E23'],
    [5e-324, '4.9E-324'],
    [-5e-324, '-4.9E-324'],
    [1e-323, '9.9E-324'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('writes the double %d as %s', (value, text) => {
    expect(javaDouble(value)).toBe(text);
  });

  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1.5, '1.5'],
    [0.1, '0.1'],
    [3.4, '3.4'],
    [1e10, '1.0E10'],
    [16777216, '1.6777216E7'],
    [33554432, '3.3554432E7'],
    [1.4e-45, '1.4E-45'],
    [2.8e-45, '2.8E-45'],
    [3.4028235e38, '3.4028235E38'],
    [1.17549435e-38, '1.1754944E-38'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [8.5899346e9, '8.589935E9'],
  ])('writes the float %d as %s', (value, text) => {
    expect(javaFloat(Math.fround(value))).toBe(text);
  });

  it('writes text that reads as the same number', () => {
    fc.assert(fc.property(fc.double(), (value) => Object.is(parseJavaDouble(javaDouble(value)), value)));
    fc.assert(
      fc.property(fc.float(), (value) => Object.is(Math.fround(parseJavaDouble(javaFloat(value))), value)),
      { numRuns: 1000 },
    );
  });

  it.each(['1', '1.', '.5', '+1e5', '1f', '1.5D', ' 1 ', 'NaN', '-Infinity'])('reads %j', (text) => {
    expect(parseJavaDouble(text)).toBe(Number(text.replace(/[fD]$/, '')));
  });

  it.each(['', 'x', '0x1p3', '1e', 'nan', '1,5', '--1'])('rejects %j', (text) => {
    expect(() => parseJavaDouble(text)).toThrow('not a session');
  });

  it.each(['2147483648', '1.0', '', '1e3', ' 1', '9'.repeat(100)])('rejects %j as an Int', (text) => {
    expect(() => parseJavaInteger(text, 32)).toThrow('not a session');
  });

  it('reads a BigInteger of up to 4096 digits', () => {
    expect(parseJavaBigInteger('9'.repeat(4096))).toBe(10n ** 4096n - 1n);
    expect(() => parseJavaBigInteger('9'.repeat(4097))).toThrow('not a session');
    expect(javaBigDecimal('9'.repeat(4097))).toBeUndefined();
  });

  it('reads the largest and smallest integers of each size', () => {
    expect(parseJavaInteger('+2147483647', 32)).toBe(2147483647);
    expect(parseJavaInteger('-0', 32)).toBe(0);
    expect(parseJavaLong('-9223372036854775808')).toBe(-(2n ** 63n));
    expect(() => parseJavaLong('9223372036854775808')).toThrow('not a session');
  });
});

describe("Java's text of a decimal", () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.00', '0.00'],
    ['1.10', '1.10'],
    ['00012', '12'],
    ['1e3', '1E+3'],
    ['1000', '1000'],
    ['12E1', '1.2E+2'],
    ['-1e-10', '-1E-10'],
    ['0.000001', '0.000001'],
    ['0.0000001', '1E-7'],
    ['123.45e-2', '1.2345'],
    ['+.5', '0.5'],
    ['5.', '5'],
    ['0E+3', '0E+3'],
    ['12345e-10', '0.0000012345'],
    ['12345e-12', '1.2345E-8'],
  ])('writes %s as %s', (text, java) => {
    expect(javaBigDecimal(text)).toBe(java);
  });

  it.each(['', '.', '1.2.3', 'NaN', '1e', '1e99999999999', ' 1'])('rejects %j', (text) => {
    expect(javaBigDecimal(text)).toBeUndefined();
  });
});

describe("Java's text of a UUID", () => {
  it.each([
    ['123E4567-E89B-12D3-A456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
    ['1-2-3-4-5', '00000001-0002-0003-0004-000000000005'],
    ['123456789-1-1-1-1', '23456789-0001-0001-0001-000000000001'],
  ])('writes %s as %s', (text, java) => {
    expect(javaUuid(text)).toBe(java);
  });

  it.each(['', 'nope', '1-2-3-4', '1-2-3-4-5-6', '1-2-3-4-g', '1--3-4-5'])('rejects %j', (text) => {
    expect(javaUuid(text)).toBeUndefined();
  });
});
