import 'reflect-metadata';
import { jest } from '@jest/globals';
import { INTERCEPTORS, isNestMetadataKnown, PARAMETERS } from '../../../src/module/handlers/nest-metadata.js';

describe("Nest's metadata", () => {
  afterEach(() => jest.restoreAllMocks());

  it('is known in this version of Nest', () => {
    expect(isNestMetadataKnown()).toBe(true);
  });

  it.each([INTERCEPTORS, PARAMETERS])('is unknown where Nest keeps %s elsewhere', (missing) => {
    const { getMetadata } = Reflect;
    jest
      .spyOn(Reflect, 'getMetadata')
      .mockImplementation((key: unknown, ...rest: unknown[]) =>
        key === missing ? undefined : (getMetadata as (...args: unknown[]) => unknown)(key, ...rest),
      );
    expect(isNestMetadataKnown()).toBe(false);
  });
});
