import * as z from 'zod';
import { type Embedder, HashingEmbedder } from './embedder.ts';

/**
 * The variable EMBEDDING_MODEL: `none`, `hashing` (on one machine), or the id of a model on Bedrock. With another model
 * than before, memories keep the vectors they have: see docs/adr/015-memories.md.
 */
export const embeddingModel = z.string().min(1).default('none');

interface BedrockModule {
  readonly BedrockEmbedder: new (model: string) => Embedder;
}

/** The embedder of that name, its client loaded when the first text is embedded; undefined for `none`. */
export function embedderOf(model: string): Embedder | undefined {
  if (model === 'none') return undefined;
  if (model === 'hashing') return new HashingEmbedder();
  let loaded: Promise<Embedder> | undefined;
  const load = async (): Promise<Embedder> => {
    // In the bundle both files stand side by side; see lib/constructs/bundle.ts.
    const file = new URL('./bedrock-embedder.mjs', import.meta.url).href;
    const { BedrockEmbedder } = (await import(file)) as BedrockModule;
    return new BedrockEmbedder(model);
  };
  return { dimensions: 256, embed: async (text) => (await (loaded ??= load())).embed(text) };
}

/** The embedding of a text; undefined when the embedder failed, of which `onError` is told. */
export const orUndefined =
  (embedder: Embedder, onError: (error: Error) => void) =>
  async (text: string): Promise<Float32Array | undefined> => {
    try {
      return await embedder.embed(text);
    } catch (error) {
      onError(error as Error);
      return undefined;
    }
  };
