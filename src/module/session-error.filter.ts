import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, type ApplicationConfig, type HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import {
  SessionConflictError,
  SessionLimitError,
  SessionStorageUnavailableError,
  type SessionError,
} from '../errors/session.errors.js';

/**
 * Answers errors with an HTTP status like Nest's filter, but without logging: a storage outage would log every request.
 * Events still report each error.
 */
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
        // GraphQL throws the error that its filter returns.
        return Object.assign(error, { extensions: { code: error.code } });
    }
  }
}

/** Nest asks global filters in reverse order, so the first one runs after the application's. */
export function addSessionErrorFilter(config: ApplicationConfig, adapterHost: HttpAdapterHost): void {
  config.getGlobalFilters().unshift(new SessionErrorFilter(adapterHost));
}
