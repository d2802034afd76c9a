import type { MiningSettings } from '../types.ts';

/**
 * Paths of features that mean "within a time before the decision". The window is part of the path, and so of the id of
 * every pattern that uses it. So a pattern keeps its meaning when the configured windows change.
 *
 *     signal.<TYPE>                       a signal of the type was seen within 4 h, or triggered the decision
 *     after.<TYPE>.<status>               the agent's own last decision of the type within 24 h had that outcome
 *     after.<agentId>.<TYPE>.<status>     the same for another agent, whose decisions it follows up
 *
 * Another window is a last segment in whole hours or minutes: `signal.WHALE_ACTIVITY.12h`,
 * `after.RISK_ASSESSMENT.success.30m`. An agent id may contain dots: paths are parsed from the right.
 */

/** The status of a decision as it was known at some time. */
export type KnownStatus = 'success' | 'failure' | 'pending';

export interface SignalPath {
  readonly kind: 'signal';
  readonly signalType: string;
  readonly windowMs: number;
}

export interface SequencePath {
  readonly kind: 'after';
  /** Absent: the agent itself. */
  readonly agentId?: string;
  readonly decisionType: string;
  readonly status: KnownStatus;
  readonly windowMs: number;
}

export type WindowedPath = SignalPath | SequencePath;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The windows of paths that name none. They must never change, because stored patterns rely on them. */
export const UNNAMED_SIGNAL_WINDOW_MS = 4 * HOUR_MS;
export const UNNAMED_SEQUENCE_WINDOW_MS = 24 * HOUR_MS;

const SPAN = String.raw`(?:\.([1-9]\d{0,5})([hm]))?`;
const TYPE = '[A-Z][A-Z0-9_]{0,63}';
const SIGNAL = new RegExp(`^signal\\.(${TYPE})${SPAN}$`);
const AFTER = new RegExp(
  `^after\\.(?:([A-Za-z0-9][A-Za-z0-9._-]{0,127})\\.)?(${TYPE})\\.(success|failure|pending)${SPAN}$`,
);

/** The parts of a windowed path; undefined for every other path. */
export function parseWindowedPath(path: string): WindowedPath | undefined {
  const signal = SIGNAL.exec(path);
  if (signal) {
    const [, signalType, amount, unit] = signal;
    return {
      kind: 'signal',
      signalType: signalType!,
      windowMs: spanOf(amount, unit) ?? UNNAMED_SIGNAL_WINDOW_MS,
    };
  }
  const after = AFTER.exec(path);
  if (!after) return undefined;
  const [, agentId, decisionType, status, amount, unit] = after;
  return {
    kind: 'after',
    ...(agentId !== undefined && { agentId }),
    decisionType: decisionType!,
    status: status as KnownStatus,
    windowMs: spanOf(amount, unit) ?? UNNAMED_SEQUENCE_WINDOW_MS,
  };
}

const spanOf = (amount: string | undefined, unit: string | undefined): number | undefined =>
  amount === undefined ? undefined : Number(amount) * (unit === 'h' ? HOUR_MS : MINUTE_MS);

/** @param windowMs whole minutes */
export const signalPath = (signalType: string, windowMs: number): string =>
  `signal.${signalType}${windowMs === UNNAMED_SIGNAL_WINDOW_MS ? '' : `.${spanText(windowMs, '')}`}`;

export const sequencePath = ({
  agentId,
  decisionType,
  status,
  windowMs,
}: Omit<SequencePath, 'kind'>): string =>
  `after.${agentId === undefined ? '' : `${agentId}.`}${decisionType}.${status}` +
  (windowMs === UNNAMED_SEQUENCE_WINDOW_MS ? '' : `.${spanText(windowMs, '')}`);

/**
 * The one spelling of a path. It leaves out a default window, and the agent id of the pattern's own agent.
 * @param agentId owner of the pattern
 */
export function canonicalPath(path: string, agentId?: string): string {
  const windowed = parseWindowedPath(path);
  if (!windowed) return path;
  if (windowed.kind === 'signal') return signalPath(windowed.signalType, windowed.windowMs);
  const { agentId: other, ...own } = windowed;
  return sequencePath(other === agentId ? own : windowed);
}

const spanText = (windowMs: number, space: string): string =>
  windowMs % HOUR_MS === 0
    ? `${windowMs / HOUR_MS}${space}h`
    : `${windowMs / MINUTE_MS}${space}${space === '' ? 'm' : 'min'}`;

export const signalWindowOf = (signalType: string, settings: MiningSettings): number =>
  settings.signalWindowsMs[signalType] ?? settings.signalWindowMs;

/**
 * True when mining searches a path. Patterns with a window that is no longer configured are still tested with it, but no
 * new ones are found with it.
 */
export function isMined(path: string, settings: MiningSettings): boolean {
  const windowed = parseWindowedPath(path);
  if (!windowed) return true;
  return windowed.kind === 'signal'
    ? path === signalPath(windowed.signalType, signalWindowOf(windowed.signalType, settings))
    : path === sequencePath({ ...windowed, windowMs: settings.sequenceWindowMs });
}

/** `signal WHALE_ACTIVITY seen within 4 h`; undefined for every other path. */
export function describeWindowedPath(path: string): string | undefined {
  const windowed = parseWindowedPath(path);
  if (!windowed) return undefined;
  const within = `within ${spanText(windowed.windowMs, ' ')}`;
  if (windowed.kind === 'signal') return `signal ${windowed.signalType} seen ${within}`;
  const whose = windowed.agentId === undefined ? 'its own' : `${windowed.agentId}'s`;
  const how = { success: 'a success', failure: 'a failure', pending: 'still open' }[windowed.status];
  return `${whose} last ${windowed.decisionType} ${within} ${how}`;
}
