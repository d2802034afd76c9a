import {
  defaultMemoryCategories,
  type MemoryCategories,
} from '../lambdas/shared/schema/memory-categories.ts';

/** The stages this app can be deployed as; `cdk deploy -c stage=prod`. */
export type StageName = 'dev' | 'prod';

export interface StageConfig {
  readonly stage: StageName;
  /** Whether tables and buckets outlive their stack, and refuse deletion. */
  readonly retainData: boolean;
  /**
   * Fixes the region of every stack. @default - that of the credentials at deployment
   */
  readonly region?: string;
  /** A customer-managed key for the tables instead of AWS-owned keys ($1 a month, and per request); needs `region`. */
  readonly customerManagedKey: boolean;
  readonly logRetentionDays: 7 | 30 | 90 | 365;
  /**
   * Whether functions are traced. Lambda traces the first request of every second and cannot be told to take fewer: at
   * a few requests a minute that is every one, at $5 a million beyond the free 100,000 a month.
   */
  readonly tracing: boolean;
  /** When the nightly consolidation starts: an EventBridge Scheduler expression. */
  readonly consolidationSchedule: string;
  /** IANA time zone of the schedule. */
  readonly consolidationTimezone: string;
  /** How many agents are consolidated at the same time. */
  readonly workerConcurrency: number;
  /** Requests a second the API accepts, sustained and in a burst. */
  readonly throttle: { readonly rateLimit: number; readonly burstLimit: number };
  /** Where alarms are mailed; without it they only change state. */
  readonly alarmEmail?: string;
  /**
   * How far back the features of a decision look, in hours (whole minutes). Patterns say the window they were found
   * with, and keep it: after a change they are tested as they were stated, and new ones are found beside them.
   */
  readonly featureWindows: {
    /** A signal counts for the decisions made within so many hours after it. */
    readonly signalHours: number;
    /** Signal types with a window of their own. */
    readonly signalHoursByType: Readonly<Record<string, number>>;
    /** A decision counts as what another came after for so many hours. */
    readonly sequenceHours: number;
  };
  /**
   * The model on Bedrock that embeds memories and questions, `amazon.titan-embed-text-v2:0`; it must be enabled in the
   * account. `none`: words alone decide.
   */
  readonly embeddingModel: 'none' | 'amazon.titan-embed-text-v2:0';
  /** How sessions behave. */
  readonly sessions: {
    /** Of sessions that do not say: they expire so long after their last activity. */
    readonly expiresAfterSeconds: number;
    /** How many messages stay whole. */
    readonly hotWindow: number;
    /** After every so many messages the running summary is brought up to date. */
    readonly summaryEvery: number;
    /** Limit of the running summary, in bytes. */
    readonly summaryBytes: number;
    /**
     * A model of Amazon Bedrock that writes the summaries.
     * @default - none: summaries are made of sentences that were said, at no cost
     */
    readonly summaryModel?: {
      /** Of a model, or of an inference profile. */
      readonly modelId: string;
      /** ARNs to allow, where the id is an inference profile's. @default - the foundation model of that id */
      readonly resources?: readonly string[];
      /** A summary that takes longer is made without the model. */
      readonly timeoutSeconds: number;
      /** What summaries may cost an agent in a day, in tokens. */
      readonly tokensPerAgentAndDay: number;
    };
  };
  /** How long an answer of the context waits, in milliseconds. */
  readonly context: {
    /** For each part it can do without: past it the part is left out and named. */
    readonly partMs: number;
    /** For the session, without which there is no answer, and for recording what was shown. */
    readonly sessionMs: number;
  };
  /**
   * How a known pattern changes and how a stated one is settled; the defaults were chosen by simulation, see
   * docs/adr/010-change-and-hypotheses.md. What is promoted or stated keeps what it was given at that time.
   */
  readonly patternLifecycle: {
    /** Log-likelihood ratio at which a pattern's outcomes no longer fit what it promised: lower is quicker to doubt. */
    readonly driftThreshold: number;
    /** Days since it was last seen in which a dormant pattern's confidence halves. */
    readonly confidenceHalfLifeDays: number;
    /** Chance of ever confirming a false hypothesis, and of ever refuting a true one. */
    readonly hypothesisLevel: number;
    /** The least effect worth knowing, as an odds ratio: below it a hypothesis is refuted. */
    readonly hypothesisOddsRatio: number;
    /** Days in which a hypothesis is settled or given up. */
    readonly hypothesisDays: number;
  };
  /**
   * What memories can be about, how long each is kept and what it is worth: a new one needs a line here and nothing
   * else (`{ ...defaultMemoryCategories, incidents: { retentionDays: 90, importance: 0.8 } }`).
   */
  readonly memoryCategories: MemoryCategories;
  /** Health of an agent by the age of its last heartbeat. */
  readonly health: { readonly idleAfterSeconds: number; readonly inactiveAfterSeconds: number };
}

const common = {
  customerManagedKey: false,
  consolidationSchedule: 'cron(0 2 * * ? *)',
  consolidationTimezone: 'UTC',
  workerConcurrency: 5,
  featureWindows: { signalHours: 4, signalHoursByType: {}, sequenceHours: 24 },
  embeddingModel: 'none',
  sessions: { expiresAfterSeconds: 30 * 60, hotWindow: 8, summaryEvery: 5, summaryBytes: 1600 },
  context: { partMs: 1_500, sessionMs: 5_000 },
  patternLifecycle: {
    driftThreshold: 6,
    confidenceHalfLifeDays: 90,
    hypothesisLevel: 0.05,
    hypothesisOddsRatio: 2,
    hypothesisDays: 90,
  },
  memoryCategories: defaultMemoryCategories,
  health: { idleAfterSeconds: 5 * 60, inactiveAfterSeconds: 60 * 60 },
} as const;

export const stages: Readonly<Record<StageName, StageConfig>> = {
  dev: {
    ...common,
    stage: 'dev',
    retainData: false,
    logRetentionDays: 7,
    tracing: true,
    throttle: { rateLimit: 100, burstLimit: 200 },
  },
  prod: {
    ...common,
    stage: 'prod',
    retainData: true,
    logRetentionDays: 90,
    tracing: false,
    throttle: { rateLimit: 500, burstLimit: 1000 },
  },
};

/** @throws Error naming the stages there are */
export function stageConfig(stage: string): StageConfig {
  const config = stages[stage as StageName];
  if (!config) throw new Error(`unknown stage '${stage}': one of ${Object.keys(stages).join(', ')}`);
  return config;
}
