import { Controller, Get } from '@nestjs/common';
import { CurrentSession } from 'nestjs-sessions';
import { VisitsSession } from './visits-session.js';

@Controller()
export class VisitsController {
  @Get()
  visit(@CurrentSession() session: VisitsSession): { visits: number; firstAt: Date } {
    session.visits += 1;
    return { visits: session.visits, firstAt: session.firstAt };
  }
}
