import { equityChart, type Frame, lagChart, looks, patternChart, successChart, widths } from './charts.ts';
import { equityCurve, patternIntervals, signalLag, successOverTime } from './figures.ts';
import type { Story } from './story.ts';

/** The page: text, tables and charts in one file. What came from agents is text, never markup. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const percent = (value: number): string => `${(value * 100).toFixed(1)}\u00a0%`;
const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Drawn four times, light and dark, wide and narrow; the style shows the one that fits. */
function figure(label: string, draw: (frame: Frame) => string): string {
  const drawn = Object.entries(looks).flatMap(([shade, look]) =>
    Object.entries(widths).map(
      ([name, width]) => `<div class="${shade} ${name}">${draw({ look, width })}</div>`,
    ),
  );
  return `<figure role="img" aria-label="${escapeHtml(label)}">${drawn.join('')}</figure>`;
}

const section = (title: string, said: string, content: string): string =>
  `<section><h2>${title}</h2><p>${said}</p>${content}</section>`;

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  return (
    `<div class="scroll"><table><thead><tr>${cells(headings, 'th')}</tr></thead>` +
    `<tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>`
  );
}

function successSection({ decisions, truncated }: Story): string {
  const points = successOverTime(decisions);
  if (points.length === 0)
    return section('Success', `${number(decisions.length)} decisions, none with an outcome yet.`, '');
  const n = points.reduce((sum, point) => sum + point.n, 0);
  const successes = points.reduce((sum, point) => sum + point.n * point.rate, 0);
  const pending = decisions.filter(({ status }) => status === 'pending').length;
  return section(
    'Success',
    `${number(decisions.length)} decisions${truncated ? ' (the newest; there are more)' : ''}, ${number(n)} with an outcome that counts, ` +
      `${percent(successes / n)} of them a success; ${number(pending)} still open. The band is the 95\u00a0% interval.`,
    figure('Success rate over time', (frame) => successChart(points, frame)),
  );
}

function patternSection({ patterns }: Story): string {
  const shown = patternIntervals(patterns);
  const promoted = patterns.filter(({ status }) => status === 'promoted').length;
  if (shown.length === 0) return section('Patterns', 'Nothing has been learned yet.', '');
  return section(
    'Patterns',
    `${number(promoted)} promoted of ${number(patterns.length)} known. A bar is the 95\u00a0% interval of a rate, a tick the ` +
      'baseline of its decision type; green succeeds, red fails, grey is not promoted.',
    figure('Patterns with their intervals', (frame) => patternChart(shown, frame)) +
      table(
        ['', 'pattern', 'status', 'n', 'rate', 'at least'],
        shown.map(({ description, status, n, rate, confidence }, i) => [
          String(i + 1),
          escapeHtml(description),
          escapeHtml(status),
          number(n),
          percent(rate),
          percent(confidence),
        ]),
      ),
  );
}

function equitySection({ snapshots }: Story): string {
  const points = equityCurve(snapshots);
  const last = points.at(-1);
  if (!last) return section('Equity and drawdown', 'No trade has a result yet.', '');
  const trades = snapshots.reduce((sum, snapshot) => sum + snapshot.trades, 0);
  const deepest = Math.min(...points.map(({ drawdown }) => drawdown));
  const start = snapshots[0]!.definitions.startingValue;
  return section(
    'Equity and drawdown',
    `${number(trades)} trades took ${number(start)} to ${number(last.value)} (${percent(last.value / start - 1)}); ` +
      `at worst it lay ${percent(-deepest)} below its highest value, from one point to another.`,
    figure('Equity curve and drawdown', (frame) => equityChart(points, frame)),
  );
}

function signalSection({ deliveries }: Story): string {
  const lag = signalLag(deliveries);
  if (!lag) return section('Signals', 'No signal of the last day has been acknowledged.', '');
  return section(
    'Signals',
    `${number(lag.n)} acknowledged in the last day, half of them within ${duration(lag.half)}, 95\u00a0% within ${duration(lag.mostly)}.`,
    figure('Time from a signal to its acknowledgement', (frame) => lagChart(lag, frame)),
  );
}

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --faint: #656d76; --line: #d8dee4; --ground: #ffffff; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9198a1; --line: #30363d; --ground: #0d1117; --card: #151b23; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 960px; padding: 24px 16px 48px; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 0 0 4px; }
header p, section p { color: var(--faint); margin: 0 0 12px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-top: 20px; }
figure { margin: 0; } figure svg { display: block; width: 100%; height: auto; }
.dark, .narrow { display: none; }
@media (prefers-color-scheme: dark) { .dark { display: block; } .light { display: none; } .dark.narrow { display: none; } }
@media (max-width: 600px) {
  .wide, .dark.wide { display: none; } .light.narrow { display: block; }
}
@media (max-width: 600px) and (prefers-color-scheme: dark) { .dark.narrow { display: block; } .light.narrow { display: none; } }
@media (max-width: 600px) { th:nth-child(n + 5), td:nth-child(n + 5) { display: none; } td:nth-child(2) { min-width: 0 !important; } }
.scroll { overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { text-align: left; padding: 6px 8px; border-top: 1px solid var(--line); vertical-align: top; }
th { color: var(--faint); font-weight: 600; border-top: 0; white-space: nowrap; }
td:nth-child(2) { min-width: 260px; } td:nth-child(n + 4) { white-space: nowrap; text-align: right; }
th:nth-child(n + 4) { text-align: right; }
`;

/** The whole page, which needs nothing beside it. */
export const pageOf = (story: Story): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(story.agentId)} · agent-memory</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(story.agentId)}</h1><p>What worked, how sure that is, and what it earned; as of ${escapeHtml(story.madeAt.slice(0, 16).replace('T', ' '))} UTC.</p></header>
${[successSection, patternSection, equitySection, signalSection].map((part) => part(story)).join('\n')}
</body>
</html>
`;
