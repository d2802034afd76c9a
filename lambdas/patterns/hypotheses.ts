import type { AgentRegistry } from '../agents/agent-registry.ts';
import { registrationOf } from './lifecycle/pattern-retest.ts';
import { defaultLifecycleSettings, type LifecycleSettings } from './lifecycle/lifecycle-settings.ts';
import { conditionKey, sortConditions } from '../mining/pattern-id.ts';
import { statementIdOf } from './lifecycle/statements.ts';
import { untilNotOvertaken } from '../shared/dynamodb/overtaken.ts';
import { ConflictError, type Issue, NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import type { HypothesisBody } from './hypothesis-contract.ts';
import type { Condition } from '../mining/vocabulary.ts';
import type { Pattern, PatternStatus } from './pattern.ts';
import type { PatternStore } from './pattern-store.ts';
import { canonical, type PatternTrial } from './pattern-trial.ts';

/** Prefix of the ids that mining makes. An author's own id must not have it. */
const MINED_PREFIX = 'PATTERN-';
/** Open hypotheses of an agent, at most: each is tested by itself every night. */
export const MAX_OPEN = 50;

export interface HypothesesParts {
  readonly store: PatternStore;
  readonly trial: PatternTrial;
  readonly registry: AgentRegistry;
  readonly clock: Clock;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
  /** @default MAX_OPEN */
  readonly maxOpen?: number;
}

/**
 * Patterns stated by a user. The author chooses the id, and the statement cannot be changed under it: it has to be
 * written down before it is tested.
 *
 * One statement is one pattern. A statement that is already known, or stated under another id, is refused with that id.
 * That goes for a refuted one too: stating it again and again until it passes would be no test. An open one can be
 * withdrawn, and is resumed by stating it again.
 */
export class Hypotheses {
  readonly #store: PatternStore;
  readonly #trial: PatternTrial;
  readonly #registry: AgentRegistry;
  readonly #clock: Clock;
  readonly #lifecycle: LifecycleSettings;
  readonly #maxOpen: number;

  constructor(parts: HypothesesParts) {
    this.#store = parts.store;
    this.#trial = parts.trial;
    this.#registry = parts.registry;
    this.#clock = parts.clock;
    this.#lifecycle = parts.lifecycle ?? defaultLifecycleSettings;
    this.#maxOpen = parts.maxOpen ?? MAX_OPEN;
  }

  /**
   * States a hypothesis. A repeat answers with the pattern in its current state. It reads the agent's patterns and its
   * newest decisions of the type (see PatternTrial), and writes one transaction of three rows.
   * @throws ValidationFailedError naming the field; ConflictError when the id or the statement is taken, or too many
   *   are open
   */
  async state(agentId: string, patternId: string, body: HypothesisBody): Promise<Pattern> {
    const { decisionType, asserts, note, statedAt } = body;
    const clock = this.#clock();
    assertNotAhead(clock, statedAt, 'statedAt');
    const now = statedAt ?? clock.toISOString();
    const conditions = conditionsOf(agentId, patternId, body);
    const statement = { agentId, decisionType, asserts, conditions };
    const statementId = statementIdOf(statement);
    const existing = await this.#store.get(agentId, patternId);
    if (existing) assertSameStatement(existing, statementId);
    if (existing?.status === 'withdrawn') return this.#resume(existing, statementId, body, now);
    if (existing) return sameOr409(existing, statementId, body);
    await this.#assertRoomFor({ agentId, patternId }, statementId);

    const { finding } = await this.#trial.glance(agentId, { decisionType, asserts, conditions }, now);
    const { numbers, description, explain } = finding;
    const pattern: Pattern = {
      patternId,
      ...statement,
      ...numbers,
      description,
      explain,
      status: 'hypothesis',
      reason: 'collecting',
      registered: {
        ...registrationOf(now, [], asserts, this.#lifecycle),
        ...(statedAt !== undefined && { recordedAt: clock.toISOString() }),
      },
      ...(note !== undefined && { note }),
      asOf: now,
      version: 1,
      versionRate: numbers.rate,
      statusSince: now,
      statusRunId: 'STATED',
    };
    // The agent may have made no decision, but now its next run has something to do.
    await this.#registry.noteActivity(agentId, [decisionType]);
    const taken = await this.#store.state(pattern, statementId);
    if (!taken) return pattern;
    const winner = taken === patternId ? await this.#store.get(agentId, patternId) : undefined;
    if (winner) return sameOr409(winner, statementId, body);
    throw new ConflictError(`${taken} states this already`);
  }

  /**
   * Withdraws an open hypothesis, in one transaction of two rows. A repeat answers with the pattern in its current state.
   * @throws NotFoundError; ConflictError for a pattern that was mined, and for a hypothesis that is settled
   */
  async withdraw(agentId: string, patternId: string): Promise<Pattern> {
    return untilNotOvertaken(async () => {
      const existing = await this.#store.get(agentId, patternId);
      if (!existing) throw new NotFoundError(`No pattern ${patternId}`);
      if (existing.status === 'withdrawn') return existing;
      if (existing.status !== 'hypothesis') throw new ConflictError(`${refusalOf(existing)}: ${ONLY_OPEN}`);
      const withdrawn = restated(existing, 'withdrawn', 'withdrawn_by_author', this.#clock().toISOString());
      return (await this.#store.restate(withdrawn, existing)) ? withdrawn : undefined;
    });
  }

  /**
   * Opens a withdrawn hypothesis again, for as many days as a new one has. Its evidence counts from its first statement:
   * withdrawing what is about to be refuted, and stating it again, must not make a new test of it.
   */
  async #resume(
    { agentId, patternId, decisionType }: Pattern,
    statementId: string,
    body: HypothesisBody,
    now: string,
  ): Promise<Pattern> {
    await this.#assertRoomFor({ agentId, patternId }, statementId);
    await this.#registry.noteActivity(agentId, [decisionType]);
    return untilNotOvertaken(async () => {
      const existing = await this.#store.get(agentId, patternId);
      if (!existing) throw new NotFoundError(`No pattern ${patternId}`);
      if (existing.status !== 'withdrawn') return sameOr409(existing, statementId, body);
      const { note: _, registered, ...rest } = restated(existing, 'hypothesis', 'collecting', now);
      const { until } = registrationOf(now, [], existing.asserts, this.#lifecycle);
      const pattern: Pattern = {
        ...rest,
        ...(registered && { registered: { ...registered, restatedAt: now, until } }),
        ...(body.note !== undefined && { note: body.note }),
      };
      return (await this.#store.restate(pattern, existing)) ? pattern : undefined;
    });
  }

  /** @throws ConflictError when another pattern states the same, or too many are open */
  async #assertRoomFor(
    { agentId, patternId }: Pick<Pattern, 'agentId' | 'patternId'>,
    statementId: string,
  ): Promise<void> {
    const others = (await this.#store.ofAgent(agentId)).filter((other) => other.patternId !== patternId);
    const twin = others.find((other) => other.status !== 'candidate' && statementIdOf(other) === statementId);
    if (twin)
      throw new ConflictError(`${twin.patternId} states this already (${twin.status}: ${twin.reason})`);
    if (others.filter(({ status }) => status === 'hypothesis').length >= this.#maxOpen)
      throw new ConflictError(`${this.#maxOpen} hypotheses are open; wait until some are settled`);
  }
}

const ONLY_OPEN = 'only an open hypothesis can be withdrawn';

const refusalOf = ({ patternId, status, reason, registered }: Pattern): string =>
  registered
    ? `The hypothesis ${patternId} is settled (${status}: ${reason})`
    : `${patternId} was learned from decisions and stated by nobody (${status}: ${reason})`;

/** A new version of a pattern by its author, which keeps its numbers. */
const restated = (before: Pattern, status: PatternStatus, reason: string, now: string): Pattern => ({
  ...before,
  status,
  reason,
  version: before.version + 1,
  changedAsOf: now,
  statusSince: now,
  statusRunId: 'STATED',
});

function assertSameStatement(existing: Pattern, statementId: string): void {
  if (statementIdOf(existing) !== statementId)
    throw new ConflictError(`${existing.patternId} states something else; choose another id`);
}

function sameOr409(existing: Pattern, statementId: string, { note, statedAt }: HypothesisBody): Pattern {
  const { at, restatedAt } = existing.registered ?? {};
  assertSameStatement(existing, statementId);
  if (existing.note !== note || (statedAt !== undefined && statedAt !== at && statedAt !== restatedAt))
    throw new ConflictError(`${existing.patternId} states something else; choose another id`);
  return existing;
}

/** The conditions in their one order, with the action among them. */
function conditionsOf(
  agentId: string,
  patternId: string,
  { conditions, action }: HypothesisBody,
): Condition[] {
  const issues: Issue[] = [];
  if (patternId.startsWith(MINED_PREFIX))
    issues.push({ path: 'patternId', message: `must not begin with ${MINED_PREFIX}: such ids are computed` });
  const all: Condition[] = [
    ...canonical(conditions, agentId),
    ...(action === undefined ? [] : [{ path: 'action', op: 'eq' as const, value: action }]),
  ];
  if (all.length === 0)
    issues.push({ path: 'conditions', message: 'must have one condition, or name an action' });
  const seen = new Set<string>();
  all.forEach((condition, i) => {
    const field = i < conditions.length ? `conditions.${i}` : 'action';
    const key = conditionKey(condition);
    if (seen.has(key)) issues.push({ path: field, message: 'is stated already' });
    seen.add(key);
    if (condition.op === 'in_range' && condition.min !== null && condition.max !== null)
      if (condition.min >= condition.max) issues.push({ path: `${field}.max`, message: 'must be above min' });
  });
  if (issues.length > 0) throw new ValidationFailedError(issues);
  return sortConditions(all);
}
