import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import type { LanguageModel } from './model-summarizer.ts';

/** Two tries within the deadline: a summary that fails is made up for by the next one. */
const MAX_ATTEMPTS = 2;

/**
 * A model of Amazon Bedrock, through the Converse API, which is the same for all of them. It is bundled into a file of
 * its own beside the function's and read for the first summary by a model: most stages never ask for one.
 */
export function createBedrockModel(modelId: string, timeoutMs: number): LanguageModel {
  const client = new BedrockRuntimeClient({
    maxAttempts: MAX_ATTEMPTS,
    // This client speaks HTTP/2: streams share a connection, which is closed when it is idle.
    requestHandler: { requestTimeout: timeoutMs, sessionTimeout: 10 * timeoutMs },
  });
  return {
    modelId,
    async complete({ system, prompt, maxTokens }) {
      const { output } = await client.send(
        new ConverseCommand({
          modelId,
          system: [{ text: system }],
          messages: [{ role: 'user', content: [{ text: prompt }] }],
          inferenceConfig: { maxTokens, temperature: 0 },
        }),
        { abortSignal: AbortSignal.timeout(timeoutMs) },
      );
      return (output?.message?.content ?? []).map(({ text }) => text ?? '').join('');
    },
  };
}
