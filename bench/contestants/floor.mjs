import { Get, Param, Post, Req, Res } from '@nestjs/common';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { newPlainSession } from '../lib/session-data.mjs';
import { KEY_BYTES } from '../lib/key.mjs';

const KEY = createSecretKey(KEY_BYTES);

/** Minimal code written by hand: one cookie, JSON, node:crypto, one header. */
function floor(name, label, { load, store }) {
  const exchange = () => [Req(), Res({ passthrough: true })];
  const controller = () =>
    controllerOf({
      fill: [
        [Post('fill/:size')],
        [...exchange(), Param('size')],
        (_request, response, size) => {
          send(response, store(undefined, newPlainSession(size)));
          return { visits: 0 };
        },
      ],
      untouched: [[Get('untouched')], [], () => ({ visits: 0 })],
      read: [[Get('read')], exchange(), (request) => ({ visits: load(cookieOf(request))?.visits ?? 0 })],
      write: [
        [Get('write')],
        exchange(),
        (request, response) => {
          const cookie = cookieOf(request);
          const session = load(cookie);
          session.visits++;
          send(response, store(cookie, session));
          return { visits: session.visits };
        },
      ],
    });
  return { name, label, side: 'floor', platforms: ['fastify'], start: (platform) => createApp(platform, controller()) };
}

function cookieOf(request) {
  const { cookie } = request.headers;
  return cookie?.startsWith('bench=') ? cookie.slice(6) : undefined;
}

function send(response, value) {
  if (value !== undefined)
    response.header('set-cookie', `bench=${value}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax`);
}

const sessions = new Map();

export const floorById = floor('floor-by-id', 'floor by hand, by id, memory', {
  load(id) {
    const text = sessions.get(id);
    return text === undefined ? undefined : JSON.parse(text);
  },
  store(present, session) {
    const id = present ?? randomBytes(32).toString('base64url');
    sessions.set(id, JSON.stringify(session));
    return present === undefined ? id : undefined;
  },
});

const mac = (text) => createHmac('sha256', KEY).update(text).digest('base64url');

export const floorSigned = floor('floor-signed', 'floor by hand, by value, signed', {
  load(value) {
    if (value === undefined) return undefined;
    const dot = value.lastIndexOf('.');
    const text = value.slice(0, dot);
    if (!timingSafeEqual(Buffer.from(value.slice(dot + 1)), Buffer.from(mac(text)))) return undefined;
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  },
  store(_present, session) {
    const text = Buffer.from(JSON.stringify(session)).toString('base64url');
    return `${text}.${mac(text)}`;
  },
});

export const floorSealed = floor('floor-sealed', 'floor by hand, by value, sealed', {
  load(value) {
    if (value === undefined) return undefined;
    const bytes = Buffer.from(value, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', KEY, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(bytes.length - 16));
    const text = decipher.update(bytes.subarray(12, bytes.length - 16));
    decipher.final();
    return JSON.parse(text.toString());
  },
  store(_present, session) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
    const sealed = cipher.update(JSON.stringify(session));
    cipher.final();
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  },
});
