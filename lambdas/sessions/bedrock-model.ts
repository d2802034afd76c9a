import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import type { LanguageModel } from './language-model.ts';

/** Two tries within the deadline: what is worth waiting for longer is made up for by the next summary. */
const MAX_ATTEMPTS = 2;

/**
 * A model of Amazon Bedrock, through the Converse API, which is the same for all of them. In a file of its own beside
 * the function's, read when the first summary is asked for: most stages never do.
 */
export function createBedrockModel(modelId: string, timeoutMs: number): LanguageModel {
  const client = new BedrockRuntimeClient({
    maxAttempts: MAX_ATTEMPTS,
    // HTTP/2, as this client has it: streams share a connection, which is given up when it is idle.
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
