import { UnauthorizedException, type ExecutionContext } from '@nestjs/common';

/** The exception of a call that has no session, or not the one that it needs. */
export function unauthorized(_context: ExecutionContext): Error {
  return new UnauthorizedException();
}
