import { HttpModule, HttpService } from '@nestjs/axios';
import { Controller, Get } from '@nestjs/common';
import { CurrentSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { map, type Observable } from 'rxjs';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

let upstream = '';

@Controller()
class ProxyController {
  constructor(private readonly http: HttpService) {}

  @Get('upstream') upstream(): string {
    return 'from upstream';
  }

  /** Changes the session in the observable, after the method has returned. */
  @Get('fetched') fetched(@CurrentSession() session: UserSession): Observable<string> {
    return this.http.get<string>(`${upstream}/upstream`, { responseType: 'text' }).pipe(
      map(({ data }) => {
        session.visits += 1;
        return `${data}, ${session.visits}`;
      }),
    );
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, { imports: [HttpModule.register({})], controllers: [ProxyController] });
  upstream = running.url;
  await expectSessions(running);
  const browser = new Browser(running.url);
  for (const count of [1, 2]) assert.equal((await browser.get('/fetched')).text, `from upstream, ${count}`);
  await running.app.close();
}
