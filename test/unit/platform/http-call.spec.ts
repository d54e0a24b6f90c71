import { HttpCall } from '../../../src/platform/http-call.js';
import type { RawRequest } from '../../../src/platform/raw-exchange.js';
import { wiredResponse } from './wire.js';

function request(headers: Record<string, string | string[]>, socket: object = {}): RawRequest {
  return { headers, socket } as unknown as RawRequest;
}

describe('HttpCall', () => {
  it('reads request headers, several lines joined', () => {
    const call = new HttpCall(request({ cookie: 'a=1', 'x-many': ['1', '2'] }), undefined);
    expect(call.requestHeader('cookie')).toBe('a=1');
    expect(call.requestHeader('x-many')).toBe('1, 2');
    expect(call.requestHeader('x-none')).toBeUndefined();
  });

  it.each<[string, RawRequest, boolean]>([
    ['plain', request({}), false],
    ['TLS', request({}, { encrypted: true }), true],
    ['behind a proxy that speaks TLS', request({ 'x-forwarded-proto': 'https' }), true],
    ['behind two proxies, the first of which speaks TLS', request({ 'x-forwarded-proto': 'HTTPS, http' }), true],
    ['behind two proxies, the second of which speaks TLS', request({ 'x-forwarded-proto': 'http, https' }), false],
    ['behind one that says nonsense', request({ 'x-forwarded-proto': 'httpsx' }), false],
  ])('knows whether the client’s connection is encrypted: %s', (_what, raw, secure) => {
    expect(new HttpCall(raw, undefined).secure).toBe(secure);
  });

  it('is not secure, and does not fail, once an HTTP/2 connection is gone', () => {
    const gone = {
      headers: {},
      get socket(): never {
        throw new Error('ERR_HTTP2_SOCKET_UNBOUND');
      },
    };
    expect(new HttpCall(gone as unknown as RawRequest, undefined).secure).toBe(false);
  });

  it('an exchange without a response has responded, and can fail on no server', () => {
    const call = new HttpCall(request({}), undefined);
    expect([call.hasResponse, call.responded, call.headSent, call.serverError]).toEqual([false, true, true, false]);
  });

  it('follows its response; a held head is a response but has not left', () => {
    const { response } = wiredResponse();
    const call = new HttpCall(request({}), response);
    expect([call.hasResponse, call.responded, call.headSent]).toEqual([true, false, false]);
    response.writeHead(200);
    call.held = true;
    expect([call.responded, call.headSent]).toEqual([true, false]);
    call.held = false;
    expect([call.responded, call.headSent]).toEqual([true, true]);
  });

  it.each([
    [200, false],
    [404, false],
    [499, false],
    [500, true],
    [503, true],
  ])('status %i: is a server error: %p', (status, serverError) => {
    const { response } = wiredResponse();
    response.statusCode = status;
    expect(new HttpCall(request({}), response).serverError).toBe(serverError);
  });

  it('collects cookies and headers until they are put on the response', () => {
    const { response } = wiredResponse();
    const call = new HttpCall(request({}), response);
    call.setCookie('a', 'a=1');
    call.setHeader('Vary', 'Cookie');
    expect(response.getHeaders()).toEqual({});
    call.applyTo(response);
    expect(response.getHeaders()).toEqual({ vary: 'Cookie', 'set-cookie': ['a=1'] });
  });
});
