import { describe, expect, it } from '@jest/globals';
import * as errors from '../../../lambdas/shared/errors.ts';
import { errorCodes } from '../../../lambdas/shared/http/contract.ts';
import { errorTable, toErrorAnswer } from '../../../lambdas/shared/http/errors.ts';

const awsError = (name: string, extra: object = {}) =>
  Object.assign(new Error('internal detail'), { name, ...extra });

describe('the error table', () => {
  const classes = Object.values(errors).filter((value) => value !== errors.DomainError);

  it('holds every domain error', () => {
    expect(classes.length).toBeGreaterThan(8);
    expect(new Set(errorTable.map(([errorClass]) => errorClass))).toEqual(new Set(classes));
  });

  it('reaches every code but Internal', () => {
    const reached = errorTable.map(([, code]) => code);
    expect(new Set([...reached, 'Internal'])).toEqual(new Set(Object.keys(errorCodes)));
  });

  it('lists a subclass before its base, which would otherwise answer for it', () => {
    const answer = toErrorAnswer(
      new errors.TooManyTargetsError([{ path: 'targetAgents', message: 'too many' }]),
    );
    expect(answer).toMatchObject({ status: 400, code: 'TooManyTargets', issues: [{ path: 'targetAgents' }] });
  });
});

it('names a hundred issues, cut short, and says how many more there are', () => {
  const issues = Array.from({ length: 250 }, (_, i) => ({ path: `${'x'.repeat(9000)}${i}`, message: 'no' }));
  const shown = new errors.ValidationFailedError(issues).issues;
  expect(shown).toHaveLength(101);
  expect(shown[100]).toEqual({ path: '', message: 'and 150 more' });
  expect(JSON.stringify(shown).length).toBeLessThan(60_000);
  expect(new errors.ValidationFailedError(issues.slice(0, 100)).issues).toHaveLength(100);
});

it('tells a throttle that outlasted the retries as the route says', () => {
  const throttled = awsError('ThrottlingException');
  expect(toErrorAnswer(throttled)).toMatchObject({ status: 429, retryAfterSeconds: 1 });
  expect(toErrorAnswer(throttled, 'Unavailable')).toMatchObject({ status: 503, retryAfterSeconds: 1 });
  expect(toErrorAnswer(new errors.NotFoundError('none'), 'Unavailable').status).toBe(404);
});

describe('errors of the SDK', () => {
  it.each([
    [awsError('ThrottlingException'), 429],
    [awsError('ProvisionedThroughputExceededException'), 429],
    [awsError('TransactionCanceledException', { CancellationReasons: [{ Code: 'ThrottlingError' }] }), 429],
    [
      awsError('TransactionCanceledException', { CancellationReasons: [{ Code: 'TransactionConflict' }] }),
      503,
    ],
    [awsError('InternalServerError'), 503],
    [awsError('Whatever', { $fault: 'server' }), 503],
    [awsError('TimeoutError'), 503],
    [awsError('Error', { code: 'ECONNREFUSED' }), 503],
    [awsError('ValidationException', { $fault: 'client' }), 500],
    [new TypeError('internal detail'), 500],
    ['a string', 500],
  ])('%s becomes %i', (error, status) => {
    const answer = toErrorAnswer(error);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer)).not.toContain('internal detail');
    expect(answer.retryAfterSeconds !== undefined).toBe(status === 429 || status === 503);
  });
});
