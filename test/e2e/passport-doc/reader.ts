import { Controller, Get, Post, Req } from '@nestjs/common';
import type { RequestSession } from 'nestjs-sessions/passport';
import { AuthSession } from './auth-session.js';

interface SignedInRequest {
  readonly session: RequestSession<AuthSession>;
}

@Controller()
export class SessionController {
  @Get('me')
  me(@Req() { session }: SignedInRequest): object {
    return { userId: session.userId };
  }

  @Post('forget-me')
  async forget(@Req() { session }: SignedInRequest): Promise<void> {
    await session.destroy();
  }
}
