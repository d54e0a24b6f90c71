import type { SessionsService } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { UserSession } from './support.js';

/** An event of an AWS HTTP API, payload format 2.0. */
export interface HttpEvent {
  readonly version: '2.0';
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: object;
  readonly isBase64Encoded: boolean;
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly cookies?: readonly string[];
  readonly body: string;
}

function eventOf(method: string, path: string, cookies: readonly string[]): HttpEvent {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    ...(cookies.length > 0 && { cookies }),
    headers: {
      host: 'shop.example',
      'x-forwarded-proto': 'https',
      ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
    },
    requestContext: {
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      domainName: 'shop.example',
      stage: '$default',
    },
    isBase64Encoded: false,
  };
}

/** Checks that a session is kept over invocations, and that a guard refuses it after its revocation. */
export async function expectHandler(
  invoke: (event: HttpEvent) => Promise<HttpResult>,
  sessions: SessionsService,
): Promise<void> {
  let cookies: readonly string[] = [];
  const ask = async (method: string, path: string): Promise<[number, string]> => {
    const {
      statusCode,
      headers = {},
      multiValueHeaders = {},
      body,
      ...result
    } = await invoke(eventOf(method, path, cookies));
    const given = result.cookies ?? multiValueHeaders['set-cookie'] ?? headers['set-cookie'] ?? [];
    const lines = [given].flat();
    for (const line of lines) assert.match(line, /; Secure/);
    if (lines.length > 0) cookies = lines.map((line) => line.split(';')[0]!);
    return [statusCode, body];
  };
  assert.deepEqual(await ask('GET', '/visit'), [200, 'visit 1']);
  assert.deepEqual(await ask('GET', '/visit'), [200, 'visit 2']);
  assert.equal((await ask('GET', '/secret'))[0], 401);
  assert.deepEqual(await ask('POST', '/login'), [201, 'in']);
  assert.deepEqual(await ask('GET', '/secret'), [200, 'secret of ann']);
  assert.equal(await sessions.revokeAll(UserSession, 'ann'), 1);
  assert.equal((await ask('GET', '/secret'))[0], 401);
}
