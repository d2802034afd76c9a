/**
 * Domain errors. They know no HTTP: `http/errors.ts` maps each to a status, and a test proves none is missing there.
 */
export interface Issue {
  /** Dotted path of the field, e.g. `context.price` or `decisions.3.timestamp`. */
  readonly path: string;
  readonly message: string;
}

export abstract class DomainError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Issues that an error names. A body of a megabyte can break rules half a million times. */
const MAX_ISSUES = 100;
/** Names of fields are the caller's, and may be long. */
const MAX_ISSUE_CHARACTERS = 500;

const shortened = (text: string): string =>
  text.length > MAX_ISSUE_CHARACTERS ? `${text.slice(0, MAX_ISSUE_CHARACTERS)}…` : text;

/** The request breaks a rule of its contract, or names something that does not exist. */
export class ValidationFailedError extends DomainError {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[], message = 'The request is not valid') {
    super(message);
    const more = issues.length - MAX_ISSUES;
    const shown = issues
      .slice(0, MAX_ISSUES)
      .map((issue) => ({ path: shortened(issue.path), message: shortened(issue.message) }));
    this.issues = more > 0 ? [...shown, { path: '', message: `and ${more} more` }] : shown;
  }
  static at(path: string, message: string): ValidationFailedError {
    return new ValidationFailedError([{ path, message }]);
  }
}

/** A signal expands to more targets than one transaction can hold. */
export class TooManyTargetsError extends ValidationFailedError {}

/** The caller's identity is missing, or the path is not the canonical form of its route. */
export class ForbiddenError extends DomainError {}

/** The thing in the URL is absent, expired, or not the caller's. */
export class NotFoundError extends DomainError {}

/** The path is known, under other methods. */
export class MethodNotAllowedError extends DomainError {
  readonly allowed: readonly string[];
  constructor(allowed: readonly string[]) {
    super(`This path takes ${allowed.join(', ')}`);
    this.allowed = allowed;
  }
}

/** The id tells a time before the longest retention: it is expired, or nothing ever had it. */
export class GoneError extends DomainError {}

/** The state of the thing does not allow this. */
export class ConflictError extends DomainError {}

/** Somebody else changed it since `expectedVersion`. */
export class VersionConflictError extends DomainError {
  readonly currentVersion: number;
  constructor(currentVersion: number, message = 'The resource has changed since the version you expected') {
    super(message);
    this.currentVersion = currentVersion;
  }
}

/** The same clientToken came with another payload. */
export class IdempotencyMismatchError extends DomainError {}

/** The item would not fit DynamoDB, or the part of the request has a limit of its own. */
export class TooLargeError extends DomainError {}

/** The answer would be too large to send. Lists end before that; an answer that has no end of its own may come here. */
export class AnswerTooLargeError extends DomainError {
  constructor(bytes: number, limit: number) {
    super(`The answer would be ${bytes} bytes; the limit is ${limit}. Ask for less at a time`);
  }
}

/** DynamoDB asked us to slow down and went on asking after our retries. */
export class ThrottledError extends DomainError {}

/** A dependency did not answer in time; the write, if it was one, may be repeated with the same token. */
export class UnavailableError extends DomainError {}
