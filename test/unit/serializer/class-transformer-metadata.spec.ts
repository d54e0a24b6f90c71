import { jest } from '@jest/globals';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';

describe('a second copy of class-transformer', () => {
  it('is rejected, because excluded fields would be stored', async () => {
    jest.resetModules();
    const findExcludeMetadata = (): undefined => undefined;
    jest.unstable_mockModule('class-transformer/cjs/storage.js', () => ({
      defaultMetadataStorage: { findExcludeMetadata },
    }));
    const { SessionSerializerReflection } = await import('../../../src/serializer/session-serializer-reflection.js');
    const construct = (): unknown => new SessionSerializerReflection(class UserSession {});
    expect(construct).toThrow(
      expect.objectContaining({ name: SessionConfigurationError.name, code: 'SESSION_CONFIGURATION' }),
    );
    expect(construct).toThrow('it is loaded twice');
    jest.resetModules();
  });
});
