import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import {
  canonicalPath,
  describeWindowedPath,
  isMined,
  parseWindowedPath,
  sequencePath,
  signalPath,
} from '../../../lambdas/mining/cases/windowed-path.ts';

const HOUR = 3_600_000;

describe('a windowed path', () => {
  it.each([
    ['signal.WHALE_ACTIVITY', 'signal WHALE_ACTIVITY seen within 4 h'],
    ['signal.NEWS.12h', 'signal NEWS seen within 12 h'],
    ['signal.NEWS.90m', 'signal NEWS seen within 90 min'],
    ['after.RISK_ASSESSMENT.success', 'its own last RISK_ASSESSMENT within 24 h a success'],
    [
      'after.risk-manager.RISK_ASSESSMENT.failure',
      "risk-manager's last RISK_ASSESSMENT within 24 h a failure",
    ],
    ['after.bot.v1.T.pending.2h', "bot.v1's last T within 2 h still open"],
    ['after.A.B.success', "A's last B within 24 h a success"],
    ['after.bot.12h.T.success', "bot.12h's last T within 24 h a success"],
  ])('%s is: %s', (path, sentence) => {
    expect(describeWindowedPath(path)).toBe(sentence);
    expect(canonicalPath(path)).toBe(path);
  });

  it.each([
    'signal',
    'signal.news',
    'signal.NEWS.0h',
    'signal.NEWS.4 h',
    'signal.NEWS.x',
    'after.T',
    'after.T.voided',
    'after..T.success',
    'after.t.success',
    'market.after.T.success',
  ])('%s is a path in the context', (path) => {
    expect(parseWindowedPath(path)).toBeUndefined();
    expect(canonicalPath(path)).toBe(path);
  });

  it('has one spelling', () => {
    expect(canonicalPath('signal.NEWS.4h')).toBe('signal.NEWS');
    expect(canonicalPath('signal.NEWS.240m')).toBe('signal.NEWS');
    expect(canonicalPath('signal.NEWS.120m')).toBe('signal.NEWS.2h');
    expect(canonicalPath('after.trader.T.success.24h', 'trader')).toBe('after.T.success');
    expect(canonicalPath('after.other.T.success', 'trader')).toBe('after.other.T.success');
  });

  it('says what it is made of, for every agent, type and window', () => {
    const type = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/);
    const agentId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/);
    const windowMs = fc.integer({ min: 1, max: 31 * 24 * 60 }).map((minutes) => minutes * 60_000);
    const status = fc.constantFrom('success' as const, 'failure' as const, 'pending' as const);
    fc.assert(
      fc.property(type, fc.option(agentId, { nil: undefined }), status, windowMs, (t, agent, s, window) => {
        const sequence = { ...(agent !== undefined && { agentId: agent }), decisionType: t, status: s };
        expect(parseWindowedPath(sequencePath({ ...sequence, windowMs: window }))).toEqual({
          kind: 'after',
          ...sequence,
          windowMs: window,
        });
        expect(parseWindowedPath(signalPath(t, window))).toEqual({
          kind: 'signal',
          signalType: t,
          windowMs: window,
        });
      }),
    );
  });

  it('is mined with the configured window, and with no other', () => {
    const settings = { ...defaultMiningSettings, signalWindowsMs: { NEWS: 12 * HOUR } };
    expect(isMined('signal.NEWS.12h', settings)).toBe(true);
    expect(isMined('signal.NEWS', settings)).toBe(false);
    expect(isMined('signal.WHALE_ACTIVITY', settings)).toBe(true);
    expect(isMined('after.T.success', settings)).toBe(true);
    expect(isMined('after.T.success', { ...settings, sequenceWindowMs: HOUR })).toBe(false);
    expect(isMined('market.trend', settings)).toBe(true);
  });
});
