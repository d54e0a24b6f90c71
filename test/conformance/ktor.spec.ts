import { applicationCases } from './application.cases.js';
import { conformanceTable } from './conformance.js';
import { cookieCases } from './cookie.cases.js';
import { formatCases } from './format.cases.js';
import { sessionTestCases } from './session-test.cases.js';
import { storageCases } from './storage.cases.js';

// Ktor's own tests, by their names, against this library.
describe('the tests of Ktor', () => {
  sessionTestCases();
  formatCases();
  storageCases();
  cookieCases();
  applicationCases();

  afterAll(() => {
    process.stdout.write(`${conformanceTable()}\n`);
  });
});
