import type { ArgumentsHost } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { firstValueFrom, type Observable } from 'rxjs';
import { SessionStorageUnavailableError } from '../../../src/errors/session.errors.js';
import { SessionErrorFilter } from '../../../src/module/session-error.filter.js';

describe('SessionErrorFilter', () => {
  const filter = new SessionErrorFilter(new HttpAdapterHost());
  const error = new SessionStorageUnavailableError('The server of the storage is down.');
  const hostOf = (type: string): ArgumentsHost => ({ getType: () => type }) as unknown as ArgumentsHost;

  it('returns the error in GraphQL, which makes it the error of the field', () => {
    expect(filter.catch(error, hostOf('graphql'))).toBe(error);
  });

  it('answers a message with an error and the message for clients', async () => {
    const answer = filter.catch(error, hostOf('rpc')) as Observable<never>;
    await expect(firstValueFrom(answer)).rejects.toEqual({
      status: 'error',
      message: 'Not available at the moment. Try again later.',
    });
  });
});
