import importX from 'eslint-plugin-import-x';
import { register } from 'tsx/esm/api';
import tseslint from 'typescript-eslint';

/** A zone of `no-restricted-paths`: files under `target` may not import from `from`. */
const zone = (target, from, message) => ({ target, from, message });

// The rooms are described in TypeScript, which Node 20 does not read by itself.
const unregister = register();
const { rooms } = await import('./lambdas/rooms.ts');
const { roomZones } = await import('./scripts/lint/room-zones.ts');
await unregister();

export default tseslint.config(
  { ignores: ['node_modules', 'cdk.out', '.cache', '.local', 'coverage', '**/.generated'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            zone('./lambdas', './lib', 'lambdas/ never imports lib/'),
            zone('./lambdas', './scripts', 'lambdas/ never imports scripts/'),
            zone('./lambdas', './test', 'lambdas/ never imports test/'),
            zone('./lib', './scripts', 'lib/ never imports scripts/'),
            zone('./lib', './test', 'lib/ never imports test/'),
            ...roomZones(Object.keys(rooms)),
            zone('./test', './scripts/bench', 'tests import no bench: what both use is in test/support/'),
          ],
        },
      ],
    },
  },
  {
    // lib/ knows the code it deploys by the rooms' own descriptions.
    files: ['lib/**/*.ts', 'bin/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: 'lambdas/(?!rooms\\.ts$|shared/schema/|shared/http/contract\\.ts$)',
              message: 'lib/ imports only lambdas/rooms.ts, shared/schema and the type of a contract',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='grantInvoke'][callee.object.name=/[Rr]oute/]",
          message: "HttpRoute.grantInvoke turns {agentId} into '*': every agent's path. Use grantAgent.",
        },
        {
          selector: 'CallExpression[callee.property.name=/^grant(Read|Write|ReadWrite|Full|Stream)/]',
          message:
            'Grant exact actions with grantTable: the grant* shortcuts include Scan or more than is used.',
        },
      ],
    },
  },
  {
    // Pure by rule: these are read by lib/ and the OpenAPI generator, or hold rules that must not do I/O.
    files: [
      'lambdas/rooms.ts',
      'lambdas/*/functions.ts',
      'lambdas/*/*contract.ts',
      'lambdas/shared/schema/**/*.ts',
      'lambdas/mining/**/*.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(@aws-sdk|@aws-lambda-powertools|@middy|node:|aws-)',
              message: 'pure code: no I/O, no AWS',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['lambdas/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Identifier[name=/^(ScanCommand|paginateScan)$/]',
          message: 'no Scan in request or nightly code',
        },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'read the environment through shared/platform/env.ts',
        },
      ],
    },
  },
  { files: ['lambdas/shared/platform/env.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
