import { BadRequestException, Body, Controller, Get, Post } from '@nestjs/common';
import { CurrentSession, RequireSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { ApiSession, Note } from './api-session.js';

const LONGEST_TEXT = 500;

@Controller('notes')
@RequireSession(ApiSession)
export class NotesController {
  @Get()
  list(@CurrentSession() session: ApiSession): Note[] {
    return session.notes;
  }

  /** `update` keeps parallel notes: it adds to the current list. */
  @Post()
  async add(@Body('text') text: unknown, @Sessions() sessions: RequestSessions): Promise<{ notes: number }> {
    if (typeof text !== 'string' || text.trim() === '' || text.length > LONGEST_TEXT) {
      throw new BadRequestException(`text must be 1 to ${LONGEST_TEXT} characters long`);
    }
    const note = Object.assign(new Note(), { text });
    const { notes } = await sessions.update(ApiSession, (session) => {
      session.notes.push(note);
      session.requests += 1;
    });
    return { notes: notes.length };
  }
}
