import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, type ApplicationConfig, type HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import {
  SessionConflictError,
  SessionLimitError,
  SessionStorageUnavailableError,
  type SessionError,
} from '../errors/session.errors.js';

/** Responds like Nest's filter, but logs nothing: in an outage, every request has such an error. */
@Catch(SessionConflictError, SessionLimitError, SessionStorageUnavailableError)
export class SessionErrorFilter implements ExceptionFilter<SessionError> {
  readonly #adapterHost: HttpAdapterHost;

  constructor(adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  catch(error: SessionError, host: ArgumentsHost): unknown {
    const { message, statusCode = 500 } = error;
    switch (host.getType<string>()) {
      case 'http':
        return new BaseExceptionFilter(this.#adapterHost.httpAdapter).catch(
          new HttpException({ statusCode, message }, statusCode),
          host,
        );
      case 'rpc':
        return throwError(() => ({ status: 'error', message }));
      default:
        // In GraphQL, the returned error is thrown.
        return Object.assign(error, { extensions: { code: error.code } });
    }
  }
}

/** Nest runs the first global filter last. */
export function addSessionErrorFilter(config: ApplicationConfig, adapterHost: HttpAdapterHost): void {
  config.getGlobalFilters().unshift(new SessionErrorFilter(adapterHost));
}
