import type { SettingName } from '../lambdas/shared/schema/room.ts';
import type { StageConfig } from './config.ts';

/** Tries of an agent's consolidation: a bad night of a dependency is survived, a poison agent is not. */
export const MAX_RECEIVE_COUNT = 3;

/** ARNs are for the policy alone. */
function sessionSettings({ sessions: { summaryModel, ...settings } }: StageConfig) {
  if (!summaryModel) return settings;
  const { resources: _resources, ...model } = summaryModel;
  return { ...settings, summaryModel: model };
}

/** The value of each setting in a stage. */
const settings: Readonly<Record<SettingName, (config: StageConfig) => string>> = {
  CONTEXT_DEADLINES: ({ context }) => JSON.stringify(context),
  EMBEDDING_MODEL: ({ embeddingModel }) => embeddingModel,
  FEATURE_WINDOWS: ({ featureWindows }) => JSON.stringify(featureWindows),
  HEALTH_IDLE_SECONDS: ({ health }) => String(health.idleAfterSeconds),
  HEALTH_INACTIVE_SECONDS: ({ health }) => String(health.inactiveAfterSeconds),
  LOG_RETENTION_DAYS: ({ logRetentionDays }) => String(logRetentionDays),
  MAX_RECEIVE_COUNT: () => String(MAX_RECEIVE_COUNT),
  MEMORY_CATEGORIES: ({ memoryCategories }) => JSON.stringify(memoryCategories),
  PATTERN_LIFECYCLE: ({ patternLifecycle }) => JSON.stringify(patternLifecycle),
  SESSION_SETTINGS: (config) => JSON.stringify(sessionSettings(config)),
};

/** The variables that carry these settings. */
export const settingsOf = (names: readonly SettingName[], config: StageConfig): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, settings[name](config)]));
