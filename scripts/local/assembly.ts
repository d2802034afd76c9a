import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arn, identify, queueNameOf } from './identities.ts';
import type { TableResource } from './tables.ts';
import { type Template, TemplateValues } from './template-values.ts';

export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** Its bundled code; absent for inline code, which is never run here. */
  readonly directory?: string;
  /** As Lambda has it: `index.handler`. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly reservedConcurrency?: number;
  /** Tries after the first of an asynchronous invocation. */
  readonly asyncRetries: number;
  /** ARN of where an asynchronous invocation goes that failed every time. */
  readonly onFailure?: string;
}

export interface QueueSpec {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  readonly visibilitySeconds: number;
  readonly redrive?: { readonly deadLetterArn: string; readonly maxReceiveCount: number };
}

/** A stream or a queue that feeds a function. */
export interface MappingSpec {
  readonly id: string;
  readonly functionArn: string;
  readonly sourceArn: string;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly partialFailures: boolean;
  readonly bisect: boolean;
  /** Tries after the first. */
  readonly maxRetries: number;
  /** EventBridge patterns; a record passes when any matches. */
  readonly filters: readonly string[];
}

export interface RouteSpec {
  /** `GET /agents/{agentId}` */
  readonly routeKey: string;
  readonly functionArn: string;
}

export interface ScheduleSpec {
  readonly id: string;
  /** `cron(…)`, `rate(…)` or `at(…)`, as EventBridge Scheduler has them. */
  readonly expression: string;
  readonly timezone: string;
  readonly targetArn: string;
  readonly input: string;
}

export interface TableSpec {
  readonly name: string;
  /** What mappings call its stream; the emulator has its own name for it. */
  readonly streamArn: string;
  readonly resource: TableResource;
}

/** What the synthesized templates deploy, as far as it runs on this machine. */
export interface Assembly {
  readonly tables: readonly TableSpec[];
  readonly functions: readonly FunctionSpec[];
  readonly queues: readonly QueueSpec[];
  readonly buses: readonly string[];
  readonly mappings: readonly MappingSpec[];
  readonly routes: readonly RouteSpec[];
  readonly schedules: readonly ScheduleSpec[];
}

type Properties = Readonly<Record<string, unknown>>;

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Object key of an asset → its directory. */
function readAssets(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.assets.json')))
    for (const { source, destinations } of Object.values(
      readJson<AssetManifest>(join(directory, file)).files ?? {},
    ))
      for (const { objectKey } of Object.values(destinations))
        found.set(objectKey, join(directory, source.path));
  return found;
}

/**
 * Reads a synthesized cloud assembly.
 *
 * @param controlUrl where the local twins of SQS, EventBridge and Lambda answer: queue URLs begin with it
 * @throws Error when a template says something that has no local meaning
 */
export function readAssembly(directory: string, controlUrl: string): Assembly {
  const suffix = '.template.json';
  const templates = new Map(
    readdirSync(directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => [name.slice(0, -suffix.length), readJson<Template>(join(directory, name))] as const),
  );
  const assets = readAssets(directory);
  const values = new TemplateValues(templates, identify.bind(undefined, controlUrl));

  const all = [...templates].flatMap(([stack, template]) =>
    Object.entries(template.Resources ?? {}).map(([logicalId, resource]) => ({ stack, logicalId, resource })),
  );
  const each = <T>(
    type: string,
    make: (properties: Properties, at: { stack: string; logicalId: string; ref: string; arn: string }) => T,
  ): T[] =>
    all
      .filter(({ resource }) => resource.Type === type)
      .map(({ stack, logicalId, resource }) =>
        make(resource.Properties ?? {}, {
          stack,
          logicalId,
          ref: values.text(stack, { Ref: logicalId }),
          arn: values.text(stack, { 'Fn::GetAtt': [logicalId, 'Arn'] }),
        }),
      );

  const invokeConfigs = new Map(
    each('AWS::Lambda::EventInvokeConfig', (properties, { stack }) => [
      values.text(stack, properties['FunctionName']),
      values.resolve(stack, properties) as {
        readonly MaximumRetryAttempts?: number;
        readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination: string } };
      },
    ]),
  );

  const functions = each('AWS::Lambda::Function', (properties, { stack, ref, arn: functionArn }) => {
    const { S3Key: key } = properties['Code'] as { readonly S3Key?: unknown };
    const { Variables: variables } = (properties['Environment'] ?? {}) as {
      readonly Variables?: Readonly<Record<string, unknown>>;
    };
    const deadLetters = properties['DeadLetterConfig'] as { readonly TargetArn?: unknown } | undefined;
    const config = invokeConfigs.get(ref);
    return {
      name: ref,
      arn: functionArn,
      directory: typeof key === 'string' ? assets.get(key) : undefined,
      handler: String(properties['Handler']),
      environment: Object.fromEntries(
        Object.entries(variables ?? {}).map(([name, value]) => [name, values.text(stack, value)]),
      ),
      timeoutSeconds: Number(properties['Timeout'] ?? 3),
      memoryMegabytes: Number(properties['MemorySize'] ?? 128),
      reservedConcurrency: properties['ReservedConcurrentExecutions'] as number | undefined,
      asyncRetries: config?.MaximumRetryAttempts ?? 2,
      onFailure:
        config?.DestinationConfig?.OnFailure?.Destination ??
        (deadLetters?.TargetArn === undefined ? undefined : values.text(stack, deadLetters.TargetArn)),
    };
  });

  const queues = each('AWS::SQS::Queue', (properties, { stack, logicalId, ref, arn: queueArn }) => {
    const redrive = values.resolve(stack, properties['RedrivePolicy']) as
      { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined;
    return {
      name: queueNameOf(properties, logicalId),
      arn: queueArn,
      url: ref,
      fifo: properties['FifoQueue'] === true,
      contentBasedDeduplication: properties['ContentBasedDeduplication'] === true,
      visibilitySeconds: Number(properties['VisibilityTimeout'] ?? 30),
      redrive: redrive && {
        deadLetterArn: redrive.deadLetterTargetArn,
        maxReceiveCount: Number(redrive.maxReceiveCount),
      },
    };
  });

  const mappings = each('AWS::Lambda::EventSourceMapping', (properties, { stack, logicalId }) => {
    const resolved = values.resolve(stack, properties) as {
      readonly FunctionName: string;
      readonly EventSourceArn: string;
      readonly BatchSize?: number;
      readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
      readonly FunctionResponseTypes?: readonly string[];
      readonly BisectBatchOnFunctionError?: boolean;
      readonly MaximumRetryAttempts?: number;
      readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern: string }[] };
    };
    const target = resolved.FunctionName;
    return {
      id: logicalId,
      functionArn: target.startsWith('arn:') ? target : arn('lambda', `function:${target}`),
      sourceArn: resolved.EventSourceArn,
      batchSize: resolved.BatchSize ?? (resolved.EventSourceArn.includes(':sqs:') ? 10 : 100),
      maxConcurrency: resolved.ScalingConfig?.MaximumConcurrency ?? 2,
      partialFailures: resolved.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
      bisect: resolved.BisectBatchOnFunctionError ?? false,
      // -1 means until the record expires, a day later: too long to watch on one machine
      maxRetries: (resolved.MaximumRetryAttempts ?? -1) < 0 ? 10 : resolved.MaximumRetryAttempts!,
      filters: (resolved.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern),
    };
  });

  const integrations = new Map(
    each('AWS::ApiGatewayV2::Integration', (properties, { stack, logicalId }) => [
      `${stack}/${logicalId}`,
      values.text(stack, properties['IntegrationUri']),
    ]),
  );
  const routes = each('AWS::ApiGatewayV2::Route', (properties, { stack }) => {
    const target = values.text(stack, properties['Target']).replace(/^integrations\//, '');
    const functionArn = integrations.get(`${stack}/${target}`);
    if (!functionArn) throw new Error(`route ${String(properties['RouteKey'])} has no integration`);
    return { routeKey: values.text(stack, properties['RouteKey']), functionArn };
  });

  const schedules = each('AWS::Scheduler::Schedule', (properties, { stack, logicalId }) => {
    const target = values.resolve(stack, properties['Target']) as { readonly Arn: string; Input?: string };
    return {
      id: logicalId,
      expression: values.text(stack, properties['ScheduleExpression']),
      timezone: values.text(stack, properties['ScheduleExpressionTimezone'] ?? 'UTC'),
      targetArn: target.Arn,
      input: target.Input ?? '{}',
      enabled: properties['State'] !== 'DISABLED',
    };
  });

  return {
    tables: all
      .filter(({ resource }) => resource.Type === 'AWS::DynamoDB::GlobalTable')
      .map(({ stack, logicalId, resource }) => ({
        name: values.text(stack, { Ref: logicalId }),
        streamArn: values.text(stack, { 'Fn::GetAtt': [logicalId, 'StreamArn'] }),
        resource: { logicalId, properties: resource.Properties as unknown as TableResource['properties'] },
      })),
    functions,
    queues,
    buses: each('AWS::Events::EventBus', (_, { ref }) => ref),
    mappings,
    routes,
    schedules: schedules.filter(({ enabled }) => enabled),
  };
}
