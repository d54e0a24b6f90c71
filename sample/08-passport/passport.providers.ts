import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { Users, type User } from './user.js';

/** Checks the login form. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly users: Users) {
    super();
  }

  validate(username: string, password: string): User | null {
    return this.users.authenticate(username, password) ?? null;
  }
}

/** Stores the id of the user in the session, and finds the user by it. */
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

/** Signs in. With a wrong password, redirects to the page. */
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
