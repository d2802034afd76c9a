/** What the demo looks at in an answer. */
export interface Context {
  readonly text: string;
  readonly tokens: Readonly<
    Record<'immediate' | 'relevant' | 'insights' | 'signals' | 'total' | 'budget', number>
  >;
  readonly relevant: readonly {
    readonly kind: string;
    readonly id: string;
    readonly text: string;
    readonly endings: Readonly<Record<'success' | 'failure' | 'unknown', number>>;
  }[];
  readonly degraded: readonly string[];
  readonly exposureId: string | null;
}

/** How far the summary of a session has come. */
export interface Session {
  readonly summary: { readonly throughSeq: number } | null;
}

/** HTTP and JSON; every refusal is an error. */
export class Service {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#send(path);
  }

  post<Answer = unknown>(path: string, body: unknown): Promise<Answer> {
    return this.#send(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #send<Answer>(path: string, request?: RequestInit): Promise<Answer> {
    const response = await fetch(this.#url + path, request);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as Answer;
  }
}
