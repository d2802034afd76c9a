const project = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: [
    '<rootDir>/cdk.out',
    '<rootDir>/.cache',
    '<rootDir>/.local',
    '<rootDir>/test/generators',
  ],
};

// Started by test/support/run.ts, which brings up DynamoDB Local and synthesizes the tables first.
export default {
  maxWorkers: 2,
  // A worker keeps what its files loaded; begun anew it collects garbage in milliseconds again.
  workerIdleMemoryLimit: '600MB',
  // No bound on speed: a test that hangs ends, one on a busy machine does not.
  testTimeout: 300_000,
  projects: [
    {
      ...project,
      displayName: 'suite',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/recorded/'],
      setupFiles: ['<rootDir>/test/support/environment.ts'],
    },
    // Reads what the suite recorded (routes × codes answered, SDK commands sent), so it runs after it.
    { ...project, displayName: 'recorded', testMatch: ['<rootDir>/test/recorded/**/*.test.ts'] },
  ],
};
