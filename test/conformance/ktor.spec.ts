import { conformanceTable } from './conformance.js';
import { sessionTestCases } from './session-test.cases.js';

// Ktor's own tests, by their names, against this library.
describe('the tests of Ktor', () => {
  sessionTestCases();

  afterAll(() => {
    process.stdout.write(`${conformanceTable()}\n`);
  });
});
