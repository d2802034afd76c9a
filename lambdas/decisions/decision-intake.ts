import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { ExposureLookup } from '../exposures/exposure-log.ts';
import { isVacant } from '../shared/dynamodb/expressions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { type Issue, IdempotencyMismatchError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead } from '../shared/platform/clock.ts';
import {
  canonicalJson,
  payloadHash,
  type RandomPart,
  risingPart,
  tokenPart,
  typedId,
} from '../shared/platform/ids.ts';
import { type ChainLink, ChainLinks } from './chain-links.ts';
import type { ChangedDays } from './changed-days.ts';
import type { Decision, DecisionReference, NewDecision, Outcome } from './decision.ts';
import { type DecisionLog, nameOf } from './decision-log.ts';
import type { DecisionTraces } from './decision-traces.ts';
import { fromItem, toItem } from './table.ts';

/** Tells which signals were delivered to an agent. */
export interface TriggerLookup {
  /** Those of the signals that never reached the agent. */
  unknown(agentId: string, signalIds: readonly string[]): Promise<string[]>;
}

export interface DecisionIntakeParts {
  readonly table: Table;
  readonly randomPart: RandomPart;
  readonly log: DecisionLog;
  readonly registry: AgentRegistry;
  readonly changedDays: ChangedDays;
  readonly triggers: TriggerLookup;
  readonly exposures: ExposureLookup;
  readonly traces: DecisionTraces;
}

/** Tokens of the single and of the batch route are the same tokens: a client may repeat one through the other. */
export const TOKEN_SCOPE = 'decisions';

/** Attempts at a free id for a decision without a token. With 80 random bits a second one is hardly ever needed. */
const ID_ATTEMPTS = 3;

/**
 * Takes in new decisions: one conditional put each, and one write more with a trace. Only a parent, a trigger, an
 * exposure or a repeat costs a read.
 */
export class DecisionIntake {
  readonly #parts: DecisionIntakeParts;
  readonly #links: ChainLinks;
  /** Rows of a batch with equal timestamps keep their order: their ids rise. */
  readonly #nextPart: (time: Date) => Uint8Array;
  /** Puts under way in this instance, so a decision may follow its parent in the same batch. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(parts: DecisionIntakeParts) {
    this.#parts = parts;
    this.#links = new ChainLinks(parts.table, parts.log);
    this.#nextPart = risingPart(parts.randomPart);
  }

  /**
   * Logs a decision, or gives the first answer again when its token was used for the same payload before.
   *
   * @throws ValidationFailedError for a time that lies ahead, an outcome before its decision, a parent, a signal
   * or an exposure that does not exist, a chain that is full
   * @throws ConflictError when its span names another decision
   * @throws IdempotencyMismatchError when the token was used for another payload
   * @throws TooLargeError over 400 KB as stored
   */
  async log(agentId: string, sent: NewDecision): Promise<Decision> {
    const now = this.#parts.table.clock();
    assertNotAhead(now, sent.timestamp, 'timestamp');
    const timestamp = sent.timestamp ?? now.toISOString();
    const outcome = inlineOutcome(sent, timestamp, now);
    for (let attempt = 1; ; attempt++) {
      const decisionId = this.#newId(agentId, sent, timestamp);
      const draft = draftOf({ agentId, decisionId }, sent, timestamp, outcome, now);
      const name = nameOf(draft);
      const parentUnderWay = sent.parent && this.#underWay.get(nameOf({ agentId, ...sent.parent }));
      const put = this.#parts.traces.inTurn(draft, () => this.#put(draft, sent, parentUnderWay));
      this.#underWay.set(name, put);
      try {
        const decision = await put;
        if (decision) return decision;
        if (attempt === ID_ATTEMPTS) throw new Error(`no free id after ${ID_ATTEMPTS} attempts`);
      } finally {
        if (this.#underWay.get(name) === put) this.#underWay.delete(name);
      }
    }
  }

  #newId(agentId: string, { decisionType, clientToken }: NewDecision, timestamp: string): string {
    const time = new Date(timestamp);
    const bits =
      clientToken === undefined ? this.#nextPart(time) : tokenPart(agentId, TOKEN_SCOPE, clientToken);
    return typedId(decisionType, time, bits);
  }

  /** @returns undefined when another decision has this id */
  async #put(
    draft: Decision,
    sent: NewDecision,
    parentUnderWay: Promise<unknown> | undefined,
  ): Promise<Decision | undefined> {
    const { registry, changedDays } = this.#parts;
    const hash = sent.clientToken === undefined ? undefined : payloadHash(sent);
    let decision = draft;
    if (sent.parent || sent.triggeredBySignals?.length || sent.exposureId !== undefined) {
      // A parent earlier in the batch must be written first. If its write failed, it will not be found.
      await parentUnderWay?.catch(() => undefined);
      try {
        decision = { ...draft, ...(await this.#resolve(draft, sent)) };
      } catch (error) {
        // A repeat gets its first answer even when its parent, trigger or exposure is gone by now.
        const first = hash === undefined ? undefined : await this.#parts.log.find(draft);
        if (!first) throw error;
        decision = { ...draft, root: first.root, depth: first.depth, patternsShown: first.patternsShown };
      }
    }
    const item = { ...toItem(decision), ...(hash !== undefined && { payloadHash: hash }) };
    assertItemFits(item, 'The decision');
    await Promise.all([
      registry.noteActivity(draft.agentId, [draft.decisionType]),
      changedDays.note(draft.agentId, draft.timestamp),
    ]);
    await this.#parts.traces.claim(decision);
    return this.#putItem(decision, item);
  }

  async #putItem(decision: Decision, item: Item): Promise<Decision | undefined> {
    const { table } = this.#parts;
    const failed = await table.putIf(item, isVacant(table.clock()));
    return failed ? firstAnswer(decision, item, failed.item!) : decision;
  }

  /** Place in the chain, and the patterns in view. All references are looked up at the same time. */
  async #resolve(
    draft: Decision,
    sent: NewDecision,
  ): Promise<Partial<ChainLink> & Pick<Decision, 'patternsShown'>> {
    const [link, unknown, exposure] = await Promise.all([
      draft.parent && this.#links.below(draft.parent, draft),
      sent.triggeredBySignals?.length
        ? this.#parts.triggers.unknown(draft.agentId, sent.triggeredBySignals)
        : ([] as string[]),
      sent.exposureId === undefined ? undefined : this.#parts.exposures.find(draft.agentId, sent.exposureId),
    ]);
    const issues = (sent.triggeredBySignals ?? []).flatMap((signalId, i): Issue[] =>
      unknown.includes(signalId)
        ? [{ path: `triggeredBySignals.${i}`, message: 'is no signal this agent was sent' }]
        : [],
    );
    if (sent.exposureId !== undefined && !exposure)
      issues.push({ path: 'exposureId', message: 'is no exposure of this agent' });
    if (issues.length > 0) throw new ValidationFailedError(issues);
    return { ...link, ...(exposure && { patternsShown: Object.keys(exposure.patterns).sort() }) };
  }
}

export function inlineOutcome({ outcome }: NewDecision, timestamp: string, now: Date): Outcome | undefined {
  if (!outcome) return undefined;
  assertNotAhead(now, outcome.occurredAt, 'outcome.occurredAt');
  assertNotAhead(now, outcome.trade?.exitTime, 'outcome.trade.exitTime');
  const occurredAt = outcome.occurredAt ?? timestamp;
  if (occurredAt < timestamp)
    throw ValidationFailedError.at('outcome.occurredAt', 'must not lie before the decision');
  return { ...outcome, occurredAt };
}

export function draftOf(
  reference: DecisionReference,
  sent: NewDecision,
  timestamp: string,
  outcome: Outcome | undefined,
  now: Date,
): Decision {
  const { clientToken: _token, outcome: _outcome, parent, ...fields } = sent;
  return {
    ...fields,
    ...reference,
    timestamp,
    status: outcome?.status ?? 'pending',
    ...(outcome && { outcome }),
    outcomeRevision: outcome ? 1 : 0,
    ...(parent && {
      parent: { agentId: parent.agentId ?? reference.agentId, decisionId: parent.decisionId },
    }),
    depth: 1,
    loggedAt: now.toISOString(),
  };
}

/** The answer when the id is taken, by the same write before; undefined when by another decision. */
function firstAnswer(decision: Decision, sent: Item, found: Item): Decision | undefined {
  if (sent['payloadHash'] === undefined)
    // A put whose answer was lost is sent again. Then the item found is the one sent.
    return canonicalJson(found) === canonicalJson(sent) ? decision : undefined;
  if (found['payloadHash'] !== sent['payloadHash'])
    throw new IdempotencyMismatchError('The clientToken was used for another decision');
  const { loggedAt, root, depth } = fromItem(found);
  return { ...decision, loggedAt, ...(root && { root }), depth };
}
