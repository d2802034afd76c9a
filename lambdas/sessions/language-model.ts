/** A text a model is asked for. */
export interface Completion {
  readonly system: string;
  readonly prompt: string;
  readonly maxTokens: number;
}

export interface LanguageModel {
  readonly modelId: string;
  /** @throws Error when it does not answer in time, or at all */
  complete(request: Completion): Promise<string>;
}
