import type { AgentRegistry } from '../../agents/agent-registry.ts';
import { Counters } from '../../agents/counters.ts';
import { DAY_MS, SECOND_MS } from '../../shared/platform/clock.ts';
import type { Table } from '../../shared/dynamodb/table.ts';
import type { Runtime } from '../../shared/platform/runtime.ts';
import type * as Bedrock from './bedrock-model.ts';
import { type LanguageModel, ModelSummarizer } from './model-summarizer.ts';
import type { SessionSettings } from '../settings.ts';
import { ExtractiveSummarizer, type Summarizer } from './summarizer.ts';

/** The agent's counter of tokens that summaries may cost it in a day. */
const BUDGET = 'summary-tokens';

/** In the bundle both files stand side by side; see lib/constructs/bundle.ts. */
const bedrockModel = new URL('./bedrock-model.mjs', import.meta.url).href;

const openBedrock = async (modelId: string, timeoutMs: number): Promise<LanguageModel> => {
  const { createBedrockModel } = (await import(bedrockModel)) as typeof Bedrock;
  return createBedrockModel(modelId, timeoutMs);
};

/**
 * The stage's summarizer: a model where one is configured, otherwise sentences kept as they were said.
 * @param open loads the model's client
 */
export function createSummarizer(
  { logger }: Pick<Runtime, 'logger'>,
  state: Table,
  registry: AgentRegistry,
  { summaryBytes, summaryModel }: SessionSettings,
  open = openBedrock,
): Summarizer {
  const fallback = new ExtractiveSummarizer(summaryBytes);
  if (!summaryModel) return fallback;
  const { modelId, timeoutSeconds, tokensPerAgentAndDay } = summaryModel;
  const counters = new Counters(state, registry);
  let model: Promise<LanguageModel> | undefined;
  return new ModelSummarizer({
    model: () => (model ??= open(modelId, timeoutSeconds * SECOND_MS)),
    fallback,
    mayUse: async (agentId, tokens) => {
      const request = { windowSeconds: DAY_MS / SECOND_MS, by: tokens, limit: tokensPerAgentAndDay };
      return (await counters.count(agentId, BUDGET, request)).allowed;
    },
    limitBytes: summaryBytes,
    onFailure: (error) => logger.warn('the model made no summary', { modelId, error }),
  });
}
