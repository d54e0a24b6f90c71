import { sealData, unsealData } from 'iron-session';
import { EncryptJWT, jwtDecrypt } from 'jose';
import Keygrip from 'keygrip';
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import {
  KeyRing,
  SessionTransportTransformerEncrypt,
  SessionTransportTransformerMessageAuthentication,
  SessionTransportTransformerSeal,
} from '../lib/package-under-test.mjs';
import { KEY, KEY_BYTES } from '../lib/key.mjs';
import { newPlainSession } from '../lib/session-data.mjs';

/** Enough values that none is still cached when it is used again. */
const MANY = 4000;

/** Encrypts or signs a text: `[action, name, run, asynchronous]`. */
export async function protectors(size) {
  const data = newPlainSession(size);
  const text = JSON.stringify(data);
  const binding = { name: 'bench', transport: 'cookie' };
  const seal = new SessionTransportTransformerSeal(new KeyRing(KEY), binding);
  const forgetful = new SessionTransportTransformerSeal(new KeyRing(KEY), binding, { rememberForSeconds: 0 });
  const sign = new SessionTransportTransformerMessageAuthentication(KEY_BYTES, 'HmacSHA256');
  const encrypt = new SessionTransportTransformerEncrypt(KEY_BYTES, KEY_BYTES);
  const grip = new Keygrip([KEY]);
  const [sealed, encrypted] = [seal, encrypt].map((transformer) => transformer.transformWrite(text));
  const otherSigned = inTurn(Array.from({ length: MANY }, (_, index) => sign.transformWrite(`${text} ${index}`)));
  const [iron, jwe, aes, box] = [await ironSeal(data), await jweSeal(data), aesSeal(text), boxSeal(text)];
  const base64 = Buffer.from(text).toString('base64');
  const mac = grip.sign(`bench=${base64}`);
  return [
    ['protect', 'nestjs-sessions, seal (XAES-256-GCM)', () => seal.transformWrite(text)],
    ['protect', 'nestjs-sessions, encrypt as Ktor', () => encrypt.transformWrite(text)],
    ['protect', 'nestjs-sessions, sign as Ktor', () => sign.transformWrite(text)],
    ['protect', 'AES-256-GCM, node:crypto', () => aesSeal(text)],
    ['protect', 'libsodium secretbox (@fastify/secure-session)', () => boxSeal(text)],
    ['protect', 'keygrip (cookie-session)', () => grip.sign(`bench=${Buffer.from(text).toString('base64')}`)],
    ['protect', 'iron-session, with JSON', () => ironSeal(data), true],
    ['protect', 'jose, JWE dir A256GCM, with JSON', () => jweSeal(data), true],
    ['open', 'nestjs-sessions, seal or signature that is remembered', () => seal.transformRead(sealed)],
    ['open', 'nestjs-sessions, seal (XAES-256-GCM)', () => forgetful.transformRead(sealed)],
    ['open', 'nestjs-sessions, encrypt as Ktor', () => encrypt.transformRead(encrypted)],
    ['open', 'nestjs-sessions, sign as Ktor', () => sign.transformRead(otherSigned())],
    ['open', 'AES-256-GCM, node:crypto', () => aesOpen(aes)],
    ['open', 'libsodium secretbox (@fastify/secure-session)', () => boxOpen(box)],
    [
      'open',
      'keygrip (cookie-session)',
      () => grip.verify(`bench=${base64}`, mac) && Buffer.from(base64, 'base64').toString(),
    ],
    ['open', 'iron-session, with JSON', () => unsealData(iron, { password: KEY }), true],
    ['open', 'jose, JWE dir A256GCM, with JSON', () => jwtDecrypt(jwe, KEY_BYTES), true],
  ];
}

function inTurn(values) {
  let next = 0;
  return () => values[next++ % values.length];
}

const ironSeal = (data) => sealData(data, { password: KEY });
const jweSeal = (data) => new EncryptJWT(data).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(KEY_BYTES);
const key = createSecretKey(KEY_BYTES);

function aesSeal(text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = cipher.update(text, 'utf8');
  cipher.final();
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

function aesOpen(value) {
  const bytes = Buffer.from(value, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  const text = decipher.update(bytes.subarray(12, -16));
  decipher.final();
  return text.toString('utf8');
}

// As in @fastify/secure-session.
function boxSeal(text) {
  const message = Buffer.from(text);
  const nonce = Buffer.allocUnsafe(sodium.crypto_secretbox_NONCEBYTES);
  sodium.randombytes_buf(nonce);
  const sealed = Buffer.allocUnsafe(sodium.crypto_secretbox_MACBYTES + message.length);
  sodium.crypto_secretbox_easy(sealed, message, nonce, KEY_BYTES);
  return `${sealed.toString('base64')};${nonce.toString('base64')}`;
}

function boxOpen(value) {
  const [sealed, nonce] = value.split(';').map((part) => Buffer.from(part, 'base64'));
  const message = Buffer.allocUnsafe(sealed.length - sodium.crypto_secretbox_MACBYTES);
  sodium.crypto_secretbox_open_easy(message, sealed, nonce, KEY_BYTES);
  return message.toString('utf8');
}
