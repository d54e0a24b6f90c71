import { Body, Controller, Post } from '@nestjs/common';
import { ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { CurrentSession, RequireSession, sessionSecuritySchemes } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

class Note {
  @ApiProperty() text!: string;
}

@Controller()
class NoteController {
  @RequireSession(UserSession) @Post('note') note(@CurrentSession() session: UserSession, @Body() note: Note): string {
    return `${note.text} by ${session.name}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    controllers: [NoteController],
    prepare: (app) => {
      const builder = new DocumentBuilder();
      for (const [name, scheme] of Object.entries(sessionSecuritySchemes(app))) builder.addSecurity(name, scheme);
      SwaggerModule.setup('api', app, SwaggerModule.createDocument(app, builder.build()));
    },
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  const document = JSON.parse((await browser.get('/api-json')).text) as Record<string, any>;
  // The session is not a parameter, and is required by the guard.
  const { post } = document['paths']['/note'];
  assert.deepEqual(post.parameters, []);
  assert.deepEqual(post.security, [{ user: [] }]);
  assert.equal(post.requestBody.content['application/json'].schema.$ref, '#/components/schemas/Note');
  assert.equal(document['paths']['/visit'].get.security, undefined);
  const { type, in: place, name } = document['components'].securitySchemes.user;
  assert.deepEqual({ type, place, name }, { type: 'apiKey', place: 'cookie', name: 'user' });
  assert.equal((await browser.get('/api')).status, 200);
  assert.equal(browser.cookies.size, 0);
  await running.app.close();
}
