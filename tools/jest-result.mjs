import { readFileSync } from 'node:fs';

/**
 * The counts in a file of `jest --json --outputFile`. A test file that could not run, or a missing file, counts as one
 * failure.
 */
export function readResult(file) {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
