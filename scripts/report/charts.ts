import * as echarts from 'echarts';
import type { EquityPoint, PatternInterval, RatePoint, SignalLag } from './figures.ts';

/** Each chart as SVG text, made without a browser: the page needs no script and nothing from elsewhere. */
export interface Look {
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly main: string;
  readonly band: string;
  readonly good: string;
  readonly bad: string;
}

export const looks = {
  light: {
    text: '#1f2328',
    faint: '#656d76',
    line: '#d8dee4',
    main: '#0969da',
    band: 'rgba(9,105,218,0.18)',
    good: '#1a7f37',
    bad: '#cf222e',
  },
  dark: {
    text: '#e6edf3',
    faint: '#9198a1',
    line: '#30363d',
    main: '#58a6ff',
    band: 'rgba(88,166,255,0.25)',
    good: '#3fb950',
    bad: '#f85149',
  },
} as const satisfies Record<string, Look>;

/** Pixels a chart is drawn for; it scales a little around that, and its text with it. */
export const widths = { wide: 880, narrow: 400 } as const;

export interface Frame {
  readonly look: Look;
  readonly width: number;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';
const percent = (value: number): string => `${Math.round(value * 100)} %`;
const money = (value: number): string => Math.round(value).toLocaleString('en-US');

function draw(option: echarts.EChartsCoreOption, { look, width }: Frame, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: FONT, color: look.text },
    ...option,
  });
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return svg;
}

const isNarrow = ({ width }: Frame): boolean => width < 600;

const grid = (frame: Frame, more: Record<string, number> = {}) => ({
  left: 52,
  right: isNarrow(frame) ? 14 : 24,
  top: 16,
  bottom: 32,
  ...more,
});

const axisOf = (look: Look) => ({
  axisLine: { lineStyle: { color: look.line } },
  axisTick: { show: false },
  axisLabel: { color: look.faint, fontSize: 12, hideOverlap: true },
  splitLine: { lineStyle: { color: look.line } },
});

const days = (frame: Frame, points: readonly { readonly day: string }[]) => ({
  type: 'category' as const,
  data: points.map(({ day }) => day),
  ...axisOf(frame.look),
  splitLine: { show: false },
});

/** The band is the interval: an invisible lower edge with the distance to the upper one stacked on it. */
export function successChart(points: readonly RatePoint[], frame: Frame): string {
  const { look } = frame;
  const edge = { type: 'line', stack: 'interval', symbol: 'none', lineStyle: { opacity: 0 } };
  return draw(
    {
      grid: grid(frame),
      xAxis: { ...days(frame, points), boundaryGap: points.length === 1 },
      yAxis: {
        type: 'value',
        min: 0,
        max: 1,
        ...axisOf(look),
        axisLabel: { color: look.faint, formatter: percent },
      },
      series: [
        { ...edge, data: points.map(({ lower }) => lower) },
        { ...edge, data: points.map(({ lower, upper }) => upper - lower), areaStyle: { color: look.band } },
        {
          type: 'line',
          data: points.map(({ rate }) => rate),
          lineStyle: { color: look.main, width: 2 },
          itemStyle: { color: look.main },
          symbol: 'circle',
          symbolSize: 5,
        },
      ],
    },
    frame,
    260,
  );
}

const ROW = 30;

/** One row a pattern: its rate as a dot, its 95 % interval as a bar, the baseline of its type as a tick. */
export function patternChart(patterns: readonly PatternInterval[], frame: Frame): string {
  const { look } = frame;
  const colourOf = ({ status, asserts }: PatternInterval): string =>
    status !== 'promoted' ? look.faint : asserts === 'success' ? look.good : look.bad;
  const names = patterns.map((_, i) => String(i + 1));
  return draw(
    {
      grid: grid(frame, { left: 34, bottom: 28 }),
      xAxis: {
        type: 'value',
        min: 0,
        max: 1,
        ...axisOf(look),
        axisLabel: { color: look.faint, formatter: percent },
      },
      yAxis: { type: 'category', data: names, inverse: true, ...axisOf(look), splitLine: { show: false } },
      series: [
        {
          type: 'custom',
          data: patterns.map(({ confidence, rate, upper, baseline }, i) => [
            i,
            confidence,
            upper,
            rate,
            baseline,
          ]),
          encode: { y: 0, x: [1, 2, 3, 4] },
          renderItem: (_: unknown, api: echarts.CustomSeriesRenderItemAPI) => {
            const row = api.value(0) as number;
            const at = (value: number) => api.coord([value, row]);
            const [lower, upper, rate, baseline] = [1, 2, 3, 4].map((i) => at(api.value(i) as number)) as [
              number[],
              number[],
              number[],
              number[],
            ];
            const colour = colourOf(patterns[row]!);
            const y = rate[1]!;
            const line = (
              x1: number,
              y1: number,
              x2: number,
              y2: number,
              stroke: string,
              lineWidth: number,
            ) => ({
              type: 'line' as const,
              shape: { x1, y1, x2, y2 },
              style: { stroke, lineWidth },
            });
            return {
              type: 'group',
              children: [
                line(baseline[0]!, y - 9, baseline[0]!, y + 9, look.text, 1.5),
                line(lower[0]!, y, upper[0]!, y, colour, 3),
                line(lower[0]!, y - 5, lower[0]!, y + 5, colour, 2),
                line(upper[0]!, y - 5, upper[0]!, y + 5, colour, 2),
                { type: 'circle', shape: { cx: rate[0]!, cy: y, r: 5 }, style: { fill: colour } },
              ],
            };
          },
        },
      ],
    },
    frame,
    patterns.length * ROW + 48,
  );
}

export function equityChart(points: readonly EquityPoint[], frame: Frame): string {
  const { look } = frame;
  const lowest = Math.min(...points.map(({ drawdown }) => drawdown));
  return draw(
    {
      grid: [
        grid(frame, { left: 64, top: 16, bottom: 150 }),
        grid(frame, { left: 64, top: 228, bottom: 32 }),
      ],
      xAxis: [
        { ...days(frame, points), boundaryGap: false, gridIndex: 0, axisLabel: { show: false } },
        { ...days(frame, points), boundaryGap: false, gridIndex: 1, position: 'bottom' },
      ],
      yAxis: [
        {
          type: 'value',
          scale: true,
          gridIndex: 0,
          ...axisOf(look),
          axisLabel: { color: look.faint, formatter: money },
        },
        {
          type: 'value',
          gridIndex: 1,
          max: 0,
          min: Math.min(-0.01, lowest),
          splitNumber: 2,
          ...axisOf(look),
          axisLabel: { color: look.faint, formatter: percent, showMinLabel: true, hideOverlap: true },
        },
      ],
      series: [
        {
          type: 'line',
          data: points.map(({ value }) => value),
          symbol: 'none',
          lineStyle: { color: look.main, width: 2 },
          areaStyle: { color: look.band, origin: 'start' },
        },
        {
          type: 'line',
          xAxisIndex: 1,
          yAxisIndex: 1,
          data: points.map(({ drawdown }) => drawdown),
          symbol: 'none',
          lineStyle: { color: look.bad, width: 1.5 },
          areaStyle: { color: look.bad, opacity: 0.25 },
        },
      ],
    },
    frame,
    340,
  );
}

export function lagChart({ bins }: SignalLag, frame: Frame): string {
  const { look } = frame;
  return draw(
    {
      grid: grid(frame),
      xAxis: {
        type: 'category',
        data: bins.map(({ label }) => label),
        ...axisOf(look),
        axisLabel: {
          color: look.faint,
          fontSize: isNarrow(frame) ? 10 : 12,
          interval: 0,
          rotate: isNarrow(frame) ? 30 : 0,
        },
      },
      yAxis: { type: 'value', minInterval: 1, ...axisOf(look) },
      series: [
        {
          type: 'bar',
          data: bins.map(({ count }) => count),
          itemStyle: { color: look.main, borderRadius: [3, 3, 0, 0] },
          barMaxWidth: 70,
          label: {
            show: true,
            position: 'top',
            color: look.text,
            formatter: ({ value }: { value: number }) => (value ? String(value) : ''),
          },
        },
      ],
    },
    frame,
    240,
  );
}
