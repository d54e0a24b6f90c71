import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { Users, type User } from './user.js';

/** Checks what the login form sends. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly users: Users) {
    super();
  }

  validate(username: string, password: string): User | null {
    return this.users.authenticate(username, password) ?? null;
  }
}

/** Keeps the id of the user in the session, and finds the user again. */
@Injectable()
export class UserSerializer extends PassportSerializer {
  constructor(private readonly users: Users) {
    super();
  }

  serializeUser(user: User, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: unknown, user: User | false) => void): void {
    done(null, this.users.find(id) ?? false);
  }
}

/** Signs in. A visitor whose password is wrong is sent to the page without being signed in. */
@Injectable()
export class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<{ user?: User }>();
    if (request.user) await super.logIn(request as never);
    return true;
  }

  override handleRequest<T>(error: unknown, user: T): T {
    if (error) throw error as Error;
    return (user || undefined) as T;
  }
}
