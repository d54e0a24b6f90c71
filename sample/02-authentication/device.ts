const BROWSERS: ReadonlyArray<readonly [RegExp, string]> = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const SYSTEMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** A label for the list of devices, from the `User-Agent` header. For display only; never for decisions. */
export function deviceOf(userAgent: string): string {
  const browser = labelOf(BROWSERS, userAgent);
  const system = labelOf(SYSTEMS, userAgent);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? (userAgent.slice(0, 40) || 'Unknown device');
}

function labelOf(labels: ReadonlyArray<readonly [RegExp, string]>, userAgent: string): string | undefined {
  return labels.find(([pattern]) => pattern.test(userAgent))?.[1];
}
