import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { ApiSession } from './api-session.js';
import { NotesController } from './notes.controller.js';
import { SessionController } from './session.controller.js';

@Module({
  imports: [SessionsModule.forRoot({ sessions: [ApiSession] })],
  controllers: [SessionController, NotesController],
})
export class AppModule {}
