import { createHash } from 'node:crypto';
import type { RedisCommand } from './redis-command.js';

interface RedisScript {
  readonly text: string;
  readonly digest: string;
}

function script(text: string): RedisScript {
  return { text, digest: createHash('sha1').update(text).digest('hex') };
}

// Values start with `<deadline, 13 digits>|<version>|`; deadlines compare as text. An empty `now` is less than any.

/**
 * ARGV: version or empty, new deadline, `owner|value`, now or empty, the expiry as two arguments of `SET`. Replies the
 * new version, followed by `+` if the deadline is later than before; the current value on a conflict; or nil.
 */
export const REPLACE = script(`
local d, v = string.match(redis.call('GETRANGE', KEYS[1], 0, 31), '^(%d+)|(%d+)|')
if not d or d <= ARGV[4] or v == '0' then return false end
if ARGV[1] ~= '' and v ~= ARGV[1] then return redis.call('GET', KEYS[1]) end
local n = string.format('%d', v + 1)
redis.call('SET', KEYS[1], ARGV[2] .. '|' .. n .. '|' .. ARGV[3], ARGV[5], ARGV[6])
return d < ARGV[2] and n .. '+' or n`);

/** Versions of sessions start at 1. */
export const TOMBSTONE_VERSION = '0';

/**
 * ARGV: lifetime in milliseconds, now or empty, a mark of this call. Replies the live value, a tombstone, or nil; if the
 * command was sent twice, a value with the previous owner. `DEL` first: after it, a full server takes the `SET`.
 */
export const WRITE_TOMBSTONE = script(`
local old = redis.call('GET', KEYS[1])
local d, v, owner = string.match(old or '', '^(%d+)|(%d+)|([^|]*)|')
if v == '0' and old == '0000000000000|0|' .. owner .. '|' .. ARGV[3] then
  return '9999999999999|1|' .. owner .. '|'
end
local live = d and d > ARGV[2] and v ~= '0'
local mark = live and owner .. '|' .. ARGV[3] or '|'
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], '0000000000000|0|' .. mark, 'PX', tonumber(ARGV[1]))
return (live or v == '0') and old`);

/**
 * ARGV: new deadline, version or empty, now or empty. Replies the start of the value, with the longest owner, or nil.
 */
export const TOUCH = script(`
local head = redis.call('GETRANGE', KEYS[1], 0, 1699)
local d, v = string.match(head, '^(%d+)|(%d+)|')
if not d or d <= ARGV[3] or v == '0' or (ARGV[2] ~= '' and v ~= ARGV[2]) then return false end
if d < ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
  redis.call('PEXPIREAT', KEYS[1], tonumber(ARGV[1]))
end
return head`);

/** The first line is for Redis 6, which cannot write after reading the time. */
const NOW = `
if redis.replicate_commands then redis.replicate_commands() end
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end`;

/** ARGV: now or empty, id, latest expiry. The index lives as long as its longest session. */
export const ADD_TO_OWNER = script(`${NOW}
local latest = tonumber(ARGV[3])
if latest <= now then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[2])
if redis.call('PTTL', KEYS[1]) < latest - now then redis.call('PEXPIREAT', KEYS[1], latest) end
return 1`);

/** ARGV: now or empty, grace in milliseconds, ids. */
export const DROP_FROM_OWNER = script(`${NOW}
for i = 3, #ARGV do
  local added = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if added and tonumber(added) <= now - tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1`);

/** Sends the script's text only if the server does not know its digest. */
export async function runScript(
  command: RedisCommand,
  { text, digest }: RedisScript,
  key: string,
  args: readonly string[],
): Promise<unknown> {
  try {
    return await command(key, false, ['EVALSHA', digest, '1', key, ...args]);
  } catch (error) {
    if (!isNoScript(error)) throw error;
    return command(key, false, ['EVAL', text, '1', key, ...args]);
  }
}

// Redis replies NOSCRIPT; glide reports NoScriptError.
function isNoScript(error: unknown): boolean {
  return /NOSCRIPT|NoScriptError/.test(String((error as { message?: unknown } | null | undefined)?.message));
}
