import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionLifetimeOptions } from '../tracker/session-lifetime.js';

/**
 * Published session lifetimes, used as defaults and as maxima.
 *
 * | Preset | Idle | Absolute | Source |
 * |---|---|---|---|
 * | `owasp-low` | 30 min | 8 h | OWASP Session Management Cheat Sheet, "Session Expiration": low-risk applications |
 * | `owasp-high` | 5 min | 4 h | the same: high-value applications |
 * | `nist-aal2` | 1 h | 24 h | NIST SP 800-63B-4, reauthentication at AAL2 |
 * | `nist-aal3` | 15 min | 12 h | NIST SP 800-63B-4, reauthentication at AAL3 |
 */
export type LifetimePreset = 'owasp-low' | 'owasp-high' | 'nist-aal2' | 'nist-aal3';

const MINUTE_IN_SECONDS = 60;
const HOUR_IN_SECONDS = 3600;

/** In seconds. */
const PRESETS: Readonly<Record<LifetimePreset, { readonly idle: number; readonly absolute: number }>> = {
  'owasp-low': { idle: 30 * MINUTE_IN_SECONDS, absolute: 8 * HOUR_IN_SECONDS },
  'owasp-high': { idle: 5 * MINUTE_IN_SECONDS, absolute: 4 * HOUR_IN_SECONDS },
  'nist-aal2': { idle: HOUR_IN_SECONDS, absolute: 24 * HOUR_IN_SECONDS },
  'nist-aal3': { idle: 15 * MINUTE_IN_SECONDS, absolute: 12 * HOUR_IN_SECONDS },
};

export const LIFETIME_PRESETS = Object.keys(PRESETS) as readonly LifetimePreset[];

interface LifetimeSource extends SessionLifetimeOptions {
  readonly lifetimes?: LifetimePreset;
}

/**
 * Precedence: session timeouts, session preset, module timeouts, module preset.
 * @throws {SessionConfigurationError} if a timeout exceeds the preset.
 */
export function lifetimeOptionsOf(
  name: string,
  module: LifetimeSource,
  session: LifetimeSource,
): SessionLifetimeOptions {
  const options = { ...timeoutsOf(module), ...timeoutsOf(session) };
  const preset = session.lifetimes ?? module.lifetimes;
  if (preset !== undefined) {
    assertWithin(name, preset, 'idleTimeoutInSeconds', options.idleTimeoutInSeconds, PRESETS[preset].idle);
    assertWithin(name, preset, 'absoluteTimeoutInSeconds', options.absoluteTimeoutInSeconds, PRESETS[preset].absolute);
    const { maximumIdleTimeoutInSeconds: idle, maximumAbsoluteTimeoutInSeconds: absolute } = options;
    if (idle !== undefined) assertWithin(name, preset, 'maximumIdleTimeoutInSeconds', idle, PRESETS[preset].idle);
    if (absolute !== undefined) {
      assertWithin(name, preset, 'maximumAbsoluteTimeoutInSeconds', absolute, PRESETS[preset].absolute);
    }
  }
  return options;
}

function timeoutsOf(source: LifetimeSource): SessionLifetimeOptions {
  const { lifetimes, idleTimeoutInSeconds, absoluteTimeoutInSeconds, renewAfterInSeconds } = source;
  const { maximumIdleTimeoutInSeconds, maximumAbsoluteTimeoutInSeconds } = source;
  const preset = lifetimes === undefined ? undefined : PRESETS[lifetimes];
  return {
    ...(preset ? { idleTimeoutInSeconds: preset.idle, absoluteTimeoutInSeconds: preset.absolute } : {}),
    ...(idleTimeoutInSeconds === undefined ? {} : { idleTimeoutInSeconds }),
    ...(absoluteTimeoutInSeconds === undefined ? {} : { absoluteTimeoutInSeconds }),
    ...(renewAfterInSeconds === undefined ? {} : { renewAfterInSeconds }),
    ...(maximumIdleTimeoutInSeconds === undefined ? {} : { maximumIdleTimeoutInSeconds }),
    ...(maximumAbsoluteTimeoutInSeconds === undefined ? {} : { maximumAbsoluteTimeoutInSeconds }),
  };
}

function assertWithin(
  name: string,
  preset: LifetimePreset,
  option: string,
  value: number | null | undefined,
  most: number,
): void {
  if (typeof value === 'number' && value > 0 && value <= most) return;
  throw new SessionConfigurationError(
    `Session "${name}": ${option} is ${value || 'switched off'}, and lifetimes: '${preset}' allows at most ${most}. ` +
      `Write ${option}: ${most} or less, or choose another preset.`,
  );
}
