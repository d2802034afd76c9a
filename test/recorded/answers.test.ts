import { describe, expect, it } from '@jest/globals';
import { codesOf, routeKeyOf } from '../../lambdas/shared/http/contract.ts';
import { allRoutes } from '../../scripts/openapi/routes.ts';
import { readRecordings } from '../support/recordings.ts';

const answers = readRecordings().filter((recording) => recording.kind === 'answer');

describe.each(allRoutes.map((route) => [routeKeyOf(route), route] as const))('%s', (key, route) => {
  const seen = answers.filter(({ routeKey }) => routeKey === key);

  it('was seen to succeed', () => {
    expect(seen.map(({ status }) => status)).toContain(route.status);
  });

  it('was seen to answer every error it documents, and no other', () => {
    expect(new Set(seen.flatMap(({ code }) => code ?? []))).toEqual(new Set(codesOf(route)));
  });
});
