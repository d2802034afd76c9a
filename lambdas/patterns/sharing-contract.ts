import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import type { Contributor } from '../mining/vocabulary.ts';
import { count } from './effect-contract.ts';
import { agentIdSchema, nameSchemas, patternIdSchema } from '../shared/schema/fields.ts';

const params = z.strictObject({ agentId: agentIdSchema, patternId: patternIdSchema });

/** Agents that a pattern can be shared with by name. */
const MAX_GRANTEES = 100;

const offeredBySchema = z.enum(['name', 'all', 'type']);
/** The way in which an offer reaches an agent. */
export type OfferedBy = z.output<typeof offeredBySchema>;

export const scopeSchema = z
  .enum(['own', 'shared', 'all'])
  .optional()
  .meta({ description: 'Default own; `shared` is what others offer, `all` both, its own first.' });

export const offerVerdictSchema = z.enum(['unconfirmed', 'confirmed', 'contradicted']).meta({
  description: "The verdict of the agent's own outcomes on a pattern that another learned.",
});

export const contributorSchema = z.object({
  agentId: z.string(),
  n: count,
  successes: count,
  baseline: z.number().meta({ description: "Share of the asserted status among the agent's own decisions." }),
  pValue: z.number().meta({ description: "One-sided Fisher exact test among the agent's own decisions." }),
}) satisfies z.ZodType<Contributor>;

/** The numbers of the agent's own test of an offered pattern, which its verdict rests on. */
export const ownTestSchema = z.object({
  /** The agent's own resolved decisions that meet the conditions. */
  n: count,
  successes: count,
  /** Share of the asserted status among them. */
  rate: z.number(),
  /** Lower 95 % Wilson bound of `rate`. */
  lowerBound: z.number(),
  /** Share of the asserted status among all decisions of the type. */
  baseline: z.number(),
  /** Largest of the one-sided Fisher tests. */
  pValue: z.number(),
  adjustedPValue: z.number().meta({ description: 'Holm over all patterns offered to the agent.' }),
  reason: z.enum(['agrees', 'opposite', 'not_significant', 'too_few_occurrences', 'no_decisions']),
  /** Version of the pattern that was tested. */
  patternVersion: count,
  /** End of the window of the numbers. */
  asOf: z.string(),
  /** `asOf` of the run that gave it its verdict. */
  since: z.string(),
  /** Rises when the verdict changes. */
  version: count,
});

/** Fields that only patterns of others have. */
export const offeredFields = {
  owner: z.string().optional().meta({
    description: 'Its owner: an agent, or `type:` and the agent type whose agents did together.',
  }),
  offeredBy: offeredBySchema
    .optional()
    .meta({ description: 'Shared with this agent by name, with all, or learned by its type.' }),
  standing: offerVerdictSchema.optional(),
  own: ownTestSchema.nullable().optional().meta({
    description: "The same conditions in the agent's own decisions; null until a night tested them.",
  }),
};

export const provenanceSchema = z.array(
  z.object({
    agentId: z.string(),
    decisionId: z.string(),
    timestamp: z.string(),
    status: z.enum(['success', 'failure']),
  }),
);

export const sharingSchema = z.object({
  patternId: z.string(),
  agentId: z.string(),
  with: z.union([z.literal('all'), z.array(z.string())]),
  version: count.meta({ description: '0: never shared.' }),
  updatedAt: z.string().nullable(),
});

export const sharingRoutes = {
  getSharing: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/patterns/{patternId}/sharing',
    audience: 'agent',
    summary: 'The agents with which an agent shares one of its patterns',
    params,
    query: z.strictObject({}),
    response: sharingSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  putSharing: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/patterns/{patternId}/sharing',
    audience: 'agent',
    summary:
      'Shares a promoted pattern with named agents or with all, or ends the sharing. They see its numbers and the ids ' +
      'of the decisions behind it, not their contents',
    params,
    query: z.strictObject({}),
    body: z.strictObject({
      with: z
        .union([z.literal('all'), z.array(agentIdSchema).max(MAX_GRANTEES)])
        .meta({ description: '`all`, or the ids of registered agents; an empty list ends the sharing.' }),
      expectedVersion: count.optional().meta({ description: '0: never shared. Default: any version.' }),
    }),
    response: sharingSchema,
    status: 200,
    errors: ['NotFound', 'Conflict', 'VersionConflict'],
    example: { body: { with: ['risk-manager'] } },
  }),
};

nameSchemas({
  OfferedBy: offeredBySchema,
  OfferVerdict: offerVerdictSchema,
  Contributor: contributorSchema,
  OwnTest: ownTestSchema,
  PatternSharing: sharingSchema,
});
