// node .ci/summary.mjs RESULT.json... prints the last line of .ci/run.
import { readResult } from '../tools/jest-result.mjs';

const results = process.argv.slice(2).map(readResult);
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
