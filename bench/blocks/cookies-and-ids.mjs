import { parse, serialize } from 'cookie';
import { nanoid } from 'nanoid';
import { randomBytes, randomUUID } from 'node:crypto';
import uid from 'uid-safe';
import { generateSessionId, hashSessionId, SessionTransportCookie } from '../lib/package-under-test.mjs';

const VALUE = 'x'.repeat(43);

/** Reads and writes cookies, and generates ids: `[action, name, run]`. */
export function cookiesAndIds() {
  const transport = new SessionTransportCookie('bench', {});
  const line = (others) =>
    [...Array(others).keys()]
      .map((n) => `visitor_${n}=${'y'.repeat(20)}`)
      .concat(`bench=${VALUE}`)
      .join('; ');
  const call = (cookie) => ({ requestHeader: () => cookie, secure: true, setCookie() {}, setHeader() {} });
  const [few, many] = [line(2), line(20)];
  const [callOfFew, callOfMany] = [call(few), call(many)];
  const attributes = { maxAge: 604_800, path: '/', httpOnly: true, secure: true, sameSite: 'lax' };
  const id = generateSessionId();
  return [
    ['find a cookie among 3', 'nestjs-sessions', () => transport.receive(callOfFew)],
    ['find a cookie among 3', 'cookie', () => parse(few).bench],
    ['find a cookie among 21', 'nestjs-sessions', () => transport.receive(callOfMany)],
    ['find a cookie among 21', 'cookie', () => parse(many).bench],
    ['write a Set-Cookie', 'nestjs-sessions', () => transport.send(callOfFew, VALUE)],
    ['write a Set-Cookie', 'cookie', () => serialize('bench', VALUE, attributes)],
    ['make an id', 'nestjs-sessions, 256 bits', generateSessionId],
    ['make an id', 'randomBytes, 256 bits', () => randomBytes(32).toString('base64url')],
    ['make an id', 'uid-safe, 192 bits (express-session)', () => uid.sync(24)],
    ['make an id', 'nanoid, 126 bits', () => nanoid()],
    ['make an id', 'randomUUID, 122 bits', () => randomUUID()],
    ['hash an id', 'nestjs-sessions, SHA-256', () => hashSessionId(id)],
  ];
}
