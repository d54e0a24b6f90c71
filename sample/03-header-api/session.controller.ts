import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { CurrentSession, RequireSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { ApiSession } from './api-session.js';

const LONGEST_NAME = 40;

@Controller('session')
export class SessionController {
  /** Creates a session. Its id is in the response header X-Session. */
  @Post()
  async open(@Body('name') name: unknown, @Sessions() sessions: RequestSessions): Promise<{ name: string }> {
    if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST_NAME) {
      throw new BadRequestException(`name must be a text of 1 to ${LONGEST_NAME} characters`);
    }
    const session = await sessions.login(ApiSession, name.trim());
    return { name: session.name };
  }

  @Get()
  show(@CurrentSession({ required: true }) session: ApiSession): { name: string; notes: number; requests: number } {
    session.requests += 1;
    return { name: session.name, notes: session.notes.length, requests: session.requests };
  }

  @Delete()
  @HttpCode(204)
  @RequireSession(ApiSession)
  close(@Sessions() sessions: RequestSessions): void {
    sessions.logout(ApiSession);
  }
}
