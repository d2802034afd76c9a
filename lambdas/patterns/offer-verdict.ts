import type * as z from 'zod';
import type { offerVerdictSchema, ownTestSchema } from './sharing-contract.ts';

/**
 * The verdict of an agent's own outcomes on a pattern that another owner offers it:
 *
 * - `unconfirmed`: there is no clear result yet
 * - `confirmed`: the pattern holds in the agent's own decisions, tested alone
 * - `contradicted`: the agent's own decisions turn out significantly the other way
 */
export type OfferVerdict = z.output<typeof offerVerdictSchema>;

/**
 * The newest verdict, with the test of the pattern in one agent's own decisions. The verdict is stored and shown as
 * `standing`; `version` and `since` change when it does.
 */
export interface OfferVerdictRecord extends Readonly<z.output<typeof ownTestSchema>> {
  /** The agent that the pattern is offered to, and that made the tested decisions. */
  readonly agentId: string;
  readonly owner: string;
  readonly patternId: string;
  readonly standing: OfferVerdict;
  /** The run that gave it its verdict. */
  readonly sinceRunId: string;
}
