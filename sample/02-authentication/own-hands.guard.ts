import { ForbiddenException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { sessionsOf } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';

/** Refuses requests of an actor: only the owner may do this. */
@Injectable()
export class OwnHandsGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const info = await sessionsOf(context.switchToHttp().getRequest<object>()).info(AuthSession);
    if (info?.actor) throw new ForbiddenException('Only the owner may do this. Stop acting first.');
    return true;
  }
}
