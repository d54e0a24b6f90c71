import { headersSent, pretendHeadSent } from '../../../src/platform/pretended-head.js';
import type { RawResponse } from '../../../src/platform/raw-exchange.js';
import { wiredResponse } from './wire.js';

describe('pretendHeadSent', () => {
  it('makes a response look as if its head had left', () => {
    const { response } = wiredResponse();
    let ended = false;
    pretendHeadSent(response, () => ended);
    expect([response.headersSent, response.writableEnded]).toEqual([true, false]);
    ended = true;
    expect(response.writableEnded).toBe(true);
  });

  it('throws what Node throws once a head has really left', () => {
    const real = wiredResponse().response;
    real.end();
    const pretended = wiredResponse().response;
    pretendHeadSent(pretended, () => true);
    const attempts: Array<(response: RawResponse) => unknown> = [
      (response) => response.setHeader('x-late', '1'),
      (response) => response.appendHeader('x-late', '1'),
      (response) => response.removeHeader('x-late'),
      (response) => (response as typeof real).setHeaders(new Map([['x-late', '1']])),
    ];
    for (const attempt of attempts) {
      const thrown = [real, pretended].map((response) => {
        try {
          attempt(response);
          return undefined;
        } catch (error) {
          return [(error as { code?: string }).code, (error as Error).message];
        }
      });
      expect(thrown[0]).toEqual(['ERR_HTTP_HEADERS_SENT', expect.any(String)]);
      expect(thrown[1]).toEqual(thrown[0]);
    }
  });

  it('takes everything back: what stood there before, status and reason included', () => {
    const { response } = wiredResponse();
    const own = (): typeof response => response;
    response.setHeader = own;
    response.statusCode = 202;
    response.statusMessage = 'Taken';
    const before = Reflect.ownKeys(response);
    const stop = pretendHeadSent(response, () => true);
    response.statusCode = 500;
    response.statusMessage = 'Late';
    stop();
    expect(Reflect.ownKeys(response)).toEqual(before);
    expect(response.setHeader).toBe(own);
    expect([response.headersSent, response.writableEnded]).toEqual([false, false]);
    expect([response.statusCode, response.statusMessage]).toEqual([202, 'Taken']);
  });
});

describe('headersSent', () => {
  it('is the error of the response’s protocol', () => {
    expect(headersSent(wiredResponse().response, 'write')).toMatchObject({
      code: 'ERR_HTTP_HEADERS_SENT',
      message: 'Cannot write headers after they are sent to the client',
    });
    expect(headersSent({ stream: {} } as unknown as RawResponse, 'write')).toMatchObject({
      code: 'ERR_HTTP2_HEADERS_SENT',
      message: 'Response has already been initiated.',
    });
  });
});
