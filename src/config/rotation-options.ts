import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionTrackerByIdOptions } from '../tracker/session-tracker-by-id.js';
import type { ResolvedOptions } from './resolved-options.js';

const DEFAULT_GRACE_IN_SECONDS = 10;

export function rotationOf(options: ResolvedOptions): Required<Pick<SessionTrackerByIdOptions<object>, 'rotation'>> {
  const { name, graceInSeconds = DEFAULT_GRACE_IN_SECONDS, rotateEveryInSeconds = 0, onReplay = 'ignore' } = options;
  const place = `Session "${name}"`;
  assertSeconds(place, 'graceInSeconds', graceInSeconds);
  assertSeconds(place, 'rotateEveryInSeconds', rotateEveryInSeconds);
  if (rotateEveryInSeconds !== 0 && rotateEveryInSeconds <= graceInSeconds) {
    throw new SessionConfigurationError(
      `${place}: rotateEveryInSeconds must be greater than graceInSeconds, which is ${graceInSeconds}.`,
    );
  }
  if (onReplay === 'revoke' && graceInSeconds === 0) {
    throw new SessionConfigurationError(
      `${place}: onReplay: 'revoke' needs graceInSeconds, or requests that are sent at the same time would end the session.`,
    );
  }
  return { rotation: { graceInSeconds, rotateEveryInSeconds, onReplay } };
}

export function explainOf({ name, explainInSeconds }: ResolvedOptions): { explainInSeconds?: number } {
  if (explainInSeconds === undefined) return {};
  assertSeconds(`Session "${name}"`, 'explainInSeconds', explainInSeconds);
  return { explainInSeconds };
}

function assertSeconds(place: string, option: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new SessionConfigurationError(`${place}: ${option} must be a number of seconds, or 0.`);
}
