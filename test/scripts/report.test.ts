import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { equityCurve, patternIntervals, signalLag, successOverTime } from '../../scripts/report/figures.ts';
import { readOptions } from '../../scripts/report/options.ts';
import { escapeHtml, pageOf } from '../../scripts/report/page.ts';
import {
  type DecisionRow,
  ServiceError,
  type SnapshotRow,
  type Story,
  StoryTeller,
} from '../../scripts/report/story.ts';
import { UsageError } from '../../scripts/shared/options.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const DAY_MS = 86_400_000;

const pattern = (more: Record<string, unknown> = {}) => ({
  patternId: 'PATTERN-1',
  decisionType: 'X',
  asserts: 'success' as const,
  status: 'promoted',
  n: 100,
  rate: 0.7,
  baseline: 0.5,
  confidence: 0.604,
  description: 'Of 100 decisions with <b>a</b> & c, 70 succeeded.',
  ...more,
});

const snapshot = (from: string, to: string, openingValue: number, finalValue: number): SnapshotRow => ({
  from,
  to,
  openingValue,
  finalValue,
  trades: 2,
  sharpe: null,
  definitions: { startingValue: 10_000 },
});

const story: Story = {
  agentId: 'hunter',
  madeAt: NOW.toISOString(),
  truncated: false,
  decisions: [
    { timestamp: '2026-02-01T10:00:00.000Z', status: 'success' },
    { timestamp: '2026-02-01T11:00:00.000Z', status: 'failure' },
    { timestamp: '2026-02-02T10:00:00.000Z', status: 'pending' },
    { timestamp: '2026-02-03T10:00:00.000Z', status: 'voided' },
  ],
  patterns: [pattern()],
  snapshots: [
    snapshot('2026-02-01', '2026-02-01', 10_000, 12_000),
    snapshot('2026-02-02', '2026-02-02', 12_000, 9_000),
  ],
  deliveries: [
    { signalType: 'S', timestamp: '2026-03-01T10:00:00.000Z', processedAt: '2026-03-01T10:00:30.000Z' },
    { signalType: 'S', timestamp: '2026-03-01T10:00:00.000Z' },
  ],
};

describe('what the charts draw', () => {
  it('success counts each outcome once, in at most forty spans, each within its interval', () => {
    const row = fc.record({
      timestamp: fc
        .integer({ min: 0, max: 400 })
        .map((day) => new Date(NOW.getTime() - day * DAY_MS).toISOString()),
      status: fc.constantFrom<DecisionRow['status']>('success', 'failure', 'pending', 'voided'),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (decisions) => {
        const points = successOverTime(decisions);
        const resolved = decisions.filter(({ status }) => status === 'success' || status === 'failure');
        expect(points.reduce((sum, { n }) => sum + n, 0)).toBe(resolved.length);
        expect(points.length).toBeLessThanOrEqual(40);
        for (const { rate, lower, upper } of points) {
          expect(lower).toBeLessThanOrEqual(rate);
          expect(upper).toBeGreaterThanOrEqual(rate);
        }
        expect(points.map(({ day }) => day)).toEqual([...points.map(({ day }) => day)].sort());
      }),
    );
  });

  it('drawdown is measured from the highest value so far; no trade is no curve', () => {
    expect(equityCurve(story.snapshots)).toEqual([
      { day: '2026-02-01', value: 10_000, drawdown: 0 },
      { day: '2026-02-01', value: 12_000, drawdown: 0 },
      { day: '2026-02-02', value: 9_000, drawdown: -0.25 },
    ]);
    expect(equityCurve(story.snapshots.map((one) => ({ ...one, trades: 0 })))).toEqual([]);
  });

  it('promoted patterns come first, the surest of them at the top, with the whole interval', () => {
    const shown = patternIntervals([
      pattern({ patternId: 'retired', status: 'retired', confidence: 0.9 }),
      pattern({ patternId: 'low', confidence: 0.55 }),
      pattern({ patternId: 'high' }),
      pattern({ patternId: 'none', status: 'hypothesis', n: 0, rate: 0, confidence: 0 }),
    ]);
    expect(shown.map(({ patternId }) => patternId)).toEqual(['high', 'low', 'none', 'retired']);
    expect(shown[0]!.upper).toBeCloseTo(0.7811, 4);
    expect(shown[2]!.upper).toBe(1);
  });

  it('lag counts what was acknowledged, in its bin', () => {
    const lag = signalLag(story.deliveries)!;
    expect(lag).toMatchObject({ n: 1, half: 30, mostly: 30 });
    expect(lag.bins.filter(({ count }) => count > 0)).toEqual([{ label: '10–60 s', count: 1 }]);
    expect(signalLag([])).toBeUndefined();
  });
});

describe('the page', () => {
  it('has every chart four times, for light and dark, wide and narrow, and needs nothing from elsewhere', () => {
    const page = pageOf(story);
    expect(page.match(/<svg/g)).toHaveLength(4 * 4);
    for (const look of ['light wide', 'light narrow', 'dark wide', 'dark narrow'])
      expect(page.match(new RegExp(`class="${look}"`, 'g'))).toHaveLength(4);
    expect(page).not.toMatch(/<script|<link|(src|href)="http|url\(http/i);
    expect(page).toContain(`default-src 'none'`);
  });

  it('shows what agents wrote as text', () => {
    const page = pageOf({ ...story, agentId: '<img>', patterns: [pattern({ status: '<i>' })] });
    expect(page).toContain('with &#60;b&#62;a&#60;/b&#62; &#38; c');
    expect(page).not.toMatch(/<img>|<b>a|<i>/);
    expect(escapeHtml(`"'`)).toBe('&#34;&#39;');
  });

  it('says what there is nothing of, and draws nothing', () => {
    const page = pageOf({ ...story, decisions: [], patterns: [], snapshots: [], deliveries: [] });
    expect(page).not.toContain('<svg');
    for (const said of [
      'none with an outcome yet',
      'Nothing has been learned',
      'No trade has a result',
      'No signal',
    ])
      expect(page).toContain(said);
  });
});

describe('the story', () => {
  const service = (answers: (method: string, path: string, body: Record<string, string>) => unknown) => {
    const asked: string[] = [];
    const send = (async (url: string, { method, body }: { method: string; body?: string }) => {
      const path = url.slice('http://service'.length);
      asked.push(`${method} ${path}`);
      const answer = answers(method, path, JSON.parse(body ?? '{}') as Record<string, string>);
      return new Response(JSON.stringify(answer), { status: answer === undefined ? 404 : 200 });
    }) as unknown as typeof fetch;
    return { teller: new StoryTeller('http://service', send), asked };
  };

  it('follows pages, and asks for periods without a gap, all counted from the first', async () => {
    const since: (string | undefined)[] = [];
    const { teller } = service((method, path, body) => {
      if (method === 'POST') {
        since.push(body['since']);
        return snapshot(body['date']!, body['date']!, 1, 1);
      }
      if (!path.includes('?')) return {};
      if (!path.startsWith('/agents/hunter/decisions')) return { items: [], nextToken: null };
      return path.includes('nextToken')
        ? { items: [{ timestamp: '2026-02-01T00:00:00.000Z', status: 'success' }], nextToken: null }
        : { items: [{ timestamp: '2026-02-03T00:00:00.000Z', status: 'failure' }], nextToken: 'more' };
    });
    const { decisions, snapshots, truncated } = await teller.of('hunter', NOW);
    expect(decisions).toHaveLength(2);
    expect(truncated).toBe(false);
    expect(snapshots.map(({ from }) => from)).toEqual(['2026-02-01', '2026-02-02', '2026-02-03']);
    expect(since).toEqual([undefined, '2026-02-01', '2026-02-01']);
  });

  it('says which request failed', async () => {
    const { teller, asked } = service(() => undefined);
    await expect(teller.of('nobody', NOW)).rejects.toThrow(ServiceError);
    expect(asked).toEqual(['GET /agents/nobody']);
    const gone = new StoryTeller('http://gone', () => Promise.reject(new Error('refused')));
    await expect(gone.of('hunter', NOW)).rejects.toThrow('no service answers at http://gone: refused');
  });

  it.each([[[]], [['--agent', 'a b']], [['--what']], [['--help']]])('says how it is called: %j', (args) =>
    expect(() => readOptions(args)).toThrow(UsageError),
  );
});
