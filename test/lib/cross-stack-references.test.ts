import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { stages } from '../../lib/config.ts';
import { specimen } from '../support/specimens.ts';

interface Output {
  readonly Value: unknown;
  readonly Export?: { readonly Name: string };
}

interface SynthesizedStack {
  readonly stackName: string;
  readonly terminationProtection: boolean;
  readonly template: { readonly Resources: object; readonly Outputs?: Readonly<Record<string, Output>> };
  /** Deployed before this one. */
  readonly dependencies: readonly string[];
}

interface StackOutput {
  readonly StackName: string;
  readonly OutputName: string;
}

/** What the templates of 0.1.0 export, by the last part of the stack's name; consumers import each by its name. */
const exported = JSON.parse(
  readFileSync(join(import.meta.dirname, 'specimens/exports-of-0.1.0.json'), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

/** Every use of an intrinsic function in a template, by its argument. */
function usesOf<T>(name: string, value: unknown): T[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => (key === name ? [item as T] : usesOf<T>(name, item)));
}

const exportsOf = ({ template }: SynthesizedStack): string[] =>
  Object.values(template.Outputs ?? {}).flatMap(({ Export }) => (Export ? [Export.Name] : []));

describe('references from stack to stack', () => {
  let synthesized: Readonly<Record<'both' | 'weak', readonly SynthesizedStack[]>>;
  beforeAll(async () => {
    synthesized = await specimen('references');
  });

  it('export nothing and import nothing when they are weak', () => {
    for (const stack of synthesized.weak)
      expect([stack.stackName, exportsOf(stack), usesOf('Fn::ImportValue', stack.template)]).toEqual([
        stack.stackName,
        [],
        [],
      ]);
  });

  it.each(['both', 'weak'] as const)('read outputs there are, of stacks deployed before: %s', (strength) => {
    const stacks = synthesized[strength];
    const uses = stacks.flatMap(({ stackName, template, dependencies }) =>
      usesOf<StackOutput>('Fn::GetStackOutput', template).map((use) => ({ stackName, dependencies, use })),
    );
    expect(uses.length).toBeGreaterThan(100);
    for (const { dependencies, use } of uses) {
      expect(dependencies).toContain(use.StackName);
      const producer = stacks.find(({ stackName }) => stackName === use.StackName);
      expect(Object.keys(producer?.template.Outputs ?? {})).toContain(use.OutputName);
    }
  });

  it('leave what 0.1.0 exports in place, and import none of it, while they are both', () => {
    for (const stage of Object.keys(stages))
      for (const [part, names] of Object.entries(exported)) {
        const stackName = `agent-memory-${stage}-${part}`;
        const stack = synthesized.both.find((other) => other.stackName === stackName)!;
        expect(exportsOf(stack)).toEqual(expect.arrayContaining(names.map((name) => `${stackName}:${name}`)));
      }
    for (const { template } of synthesized.both) expect(usesOf('Fn::ImportValue', template)).toEqual([]);
  });

  it('do not hold the storage stack: it refuses to be deleted itself where data is retained', () => {
    for (const { stackName, terminationProtection } of synthesized.weak)
      expect([stackName, terminationProtection]).toEqual([
        stackName,
        stackName === 'agent-memory-prod-storage',
      ]);
  });

  it('lose their exports, and no resource changes, between both and weak', () => {
    expect(synthesized.weak.map(({ template }) => template.Resources)).toEqual(
      synthesized.both.map(({ template }) => template.Resources),
    );
    for (const [i, { template }] of synthesized.weak.entries())
      expect(template.Outputs).toEqual(
        synthesized.both[i]!.template.Outputs &&
          Object.fromEntries(
            Object.entries(synthesized.both[i]!.template.Outputs).filter(([, { Export }]) => !Export),
          ),
      );
  });
});
