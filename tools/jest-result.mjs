import { readFileSync } from 'node:fs';

/**
 * The counts of a file that `jest --json --outputFile` wrote. A test file that could not run counts as one failure,
 * and so does a run that left no file.
 */
export function readResult(file) {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
