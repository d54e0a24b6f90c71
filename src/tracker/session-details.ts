/** Times are epoch milliseconds. */
export interface SessionActor {
  /** The owner of the actor's own session. */
  readonly owner: string;
  readonly since: number;
  readonly until: number;
  readonly reason: string;
}

/** Restored when the acting ends. */
export interface KeptActor extends SessionActor {
  readonly text: string;
  readonly details?: SessionDetails | undefined;
}

/** Stored besides the content. Times are epoch milliseconds; timeouts milliseconds, `0` for none. */
export interface SessionDetails {
  /** The last reauthentication. Absent: the creation. */
  readonly authenticatedAt?: number | undefined;
  readonly methods?: Readonly<Record<string, number>> | undefined;
  readonly idle?: number | undefined;
  readonly absolute?: number | undefined;
  readonly persistent?: boolean | undefined;
  readonly returnTo?: string | undefined;
  /** If ids are rotated by age. Absent: the creation. */
  readonly rotatedAt?: number | undefined;
  readonly actor?: KeptActor | undefined;
}

type Check = (value: unknown) => boolean;

const isMoment: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const CHECKS: Readonly<Record<keyof SessionDetails, Check>> = {
  authenticatedAt: isMoment,
  methods: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isMoment),
  idle: isMoment,
  absolute: isMoment,
  persistent: (value) => typeof value === 'boolean',
  returnTo: isText,
  rotatedAt: isMoment,
  actor: isActor,
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isActor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { owner, since, until, reason, text, details } = value as Record<keyof KeptActor, unknown>;
  if (![owner, reason, text].every(isText) || ![since, until].every(isMoment)) return false;
  return details === undefined || isDetails(details);
}

/** Contains no dot, which separates the parts. */
export function encodeDetails(details: SessionDetails): string {
  return Buffer.from(JSON.stringify(details)).toString('base64url');
}

export function decodeDetails(text: string): SessionDetails | undefined {
  let details: unknown;
  try {
    details = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  return isDetails(details) ? details : undefined;
}

function isDetails(details: unknown): details is SessionDetails {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return false;
  return Object.entries(CHECKS).every(([name, check]) => {
    const value = (details as Record<string, unknown>)[name];
    return value === undefined || check(value);
  });
}

export function joinedDetails(
  details: SessionDetails | undefined,
  others: SessionDetails | undefined,
): SessionDetails | undefined {
  return others === undefined ? details : { ...details, ...others };
}
