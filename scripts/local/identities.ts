import { tables } from '../../lambdas/shared/schema/tables.ts';
import { ACCOUNT, type LocalIdentity, REGION, type TemplateResource } from './template-values.ts';

type Properties = Readonly<Record<string, unknown>>;

export const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** The name at the end of a queue's, bus's or function's ARN; a version or alias is dropped. */
export const nameOfArn = (value: string): string => value.split(':')[value.includes(':function:') ? 6 : 5]!;

/** A table of the schema is recognized by its indexes and has the schema's name; any other is called by its id. */
function tableNameOf(resource: TemplateResource, logicalId: string): string {
  const indexes = (resource.Properties?.['GlobalSecondaryIndexes'] ?? []) as { readonly IndexName: string }[];
  const names = indexes.map(({ IndexName }) => IndexName).sort();
  const schema = Object.values(tables).find(
    (table) =>
      Object.values(table.indexes)
        .map(({ name }) => name)
        .sort()
        .join() === names.join(),
  );
  return schema?.name ?? logicalId;
}

export function queueNameOf(properties: Properties, logicalId: string): string {
  if (typeof properties['QueueName'] === 'string') return properties['QueueName'];
  return properties['FifoQueue'] ? `${logicalId}.fifo` : logicalId;
}

/** What a resource is called on this machine; undefined for one that has no local twin. */
export function identify(
  controlUrl: string,
  resource: TemplateResource,
  logicalId: string,
  resolve: (value: unknown) => unknown,
): LocalIdentity | undefined {
  const properties = resource.Properties ?? {};
  const named = (property: string) =>
    properties[property] === undefined ? logicalId : String(resolve(properties[property]));
  switch (resource.Type) {
    case 'AWS::DynamoDB::GlobalTable': {
      const name = tableNameOf(resource, logicalId);
      const tableArn = arn('dynamodb', `table/${name}`);
      return { ref: name, attributes: { Arn: tableArn, StreamArn: `${tableArn}/stream/latest` } };
    }
    case 'AWS::Lambda::Function': {
      const name = named('FunctionName');
      return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
    }
    case 'AWS::Lambda::Alias': {
      const target = String(resolve(properties['FunctionName']));
      const base = target.startsWith('arn:') ? target : arn('lambda', `function:${target}`);
      return { ref: `${base}:${named('Name')}`, attributes: {} };
    }
    case 'AWS::SQS::Queue': {
      const name = queueNameOf(properties, logicalId);
      return {
        ref: `${controlUrl}/${ACCOUNT}/${name}`,
        attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: `${controlUrl}/${ACCOUNT}/${name}` },
      };
    }
    case 'AWS::Events::EventBus': {
      const name = named('Name');
      return { ref: name, attributes: { Arn: arn('events', `event-bus/${name}`), Name: name } };
    }
    case 'AWS::S3::Bucket': {
      const name = named('BucketName');
      return { ref: name, attributes: { Arn: `arn:aws:s3:::${name}` } };
    }
    default:
      return undefined;
  }
}
